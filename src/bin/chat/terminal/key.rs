//! The terminal's keys as the editor knows them.

use chatd::edit::Key;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The key that was pressed, if the editor knows it.
pub(crate) fn of(event: KeyEvent) -> Option<Key> {
    let modifiers = event.modifiers - KeyModifiers::SHIFT;
    // AltGr of some keyboards arrives as Ctrl and Alt.
    let is_text = modifiers.is_empty() || modifiers == KeyModifiers::CONTROL | KeyModifiers::ALT;
    Some(match event.code {
        KeyCode::Char(c) if is_text => Key::Char(c),
        // What crossterm takes the byte of Ctrl-_ for.
        KeyCode::Char('7') if modifiers == KeyModifiers::CONTROL => Key::Control('_'),
        KeyCode::Char(c) if modifiers == KeyModifiers::CONTROL => Key::Control(c),
        KeyCode::Char(c) if modifiers == KeyModifiers::ALT => Key::Alt(c),
        KeyCode::Enter => Key::Enter,
        KeyCode::Tab => Key::Tab,
        KeyCode::Backspace if modifiers == KeyModifiers::ALT => Key::WordBackspace,
        KeyCode::Backspace => Key::Backspace,
        KeyCode::Delete => Key::Delete,
        KeyCode::Left if modifiers.is_empty() => Key::Left,
        KeyCode::Right if modifiers.is_empty() => Key::Right,
        KeyCode::Left => Key::WordLeft,
        KeyCode::Right => Key::WordRight,
        KeyCode::Home => Key::Home,
        KeyCode::End => Key::End,
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modifiers_change_what_a_key_means() {
        let key = |modifiers, code| of(KeyEvent::new(code, modifiers));
        let (alt, control) = (KeyModifiers::ALT, KeyModifiers::CONTROL);
        assert_eq!(key(KeyModifiers::SHIFT, KeyCode::Char('A')), Some(Key::Char('A')));
        assert_eq!(key(control | alt, KeyCode::Char('@')), Some(Key::Char('@')));
        assert_eq!(key(control, KeyCode::Char('w')), Some(Key::Control('w')));
        assert_eq!(key(control, KeyCode::Char('7')), Some(Key::Control('_')));
        assert_eq!(key(alt, KeyCode::Backspace), Some(Key::WordBackspace));
        assert_eq!(key(control, KeyCode::Left), Some(Key::WordLeft));
        assert_eq!(key(KeyModifiers::NONE, KeyCode::F(1)), None);
    }
}
