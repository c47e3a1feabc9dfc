use super::*;
use proptest::prelude::*;

/// The edited line, with `|` as the cursor.
fn edited(keys: &[Key]) -> String {
    let mut editor = typed("one two");
    keys.iter().for_each(|key| assert_eq!(editor.press(*key, &Names::default()), None));
    shown(&editor)
}

fn typed(text: &str) -> Editor {
    let mut editor = Editor::default();
    text.chars().for_each(|c| assert_eq!(press(&mut editor, Key::Char(c)), None));
    editor
}

fn shown(editor: &Editor) -> String {
    let (text, cursor) = editor.line();
    format!("{}|{}", &text[..cursor], &text[cursor..])
}

fn press(editor: &mut Editor, key: Key) -> Option<Outcome> {
    editor.press(key, &Names::default())
}

#[test]
fn the_cursor_moves_and_text_goes_where_it_is() {
    let (left, right) = (Key::Left, Key::Right);
    let x = Key::Char('x');
    assert_eq!(edited(&[left, left, x]), "one tx|wo");
    assert_eq!(edited(&[left, right, right, x]), "one twox|");
    assert_eq!(edited(&[Key::Control('a'), left, x]), "x|one two");
    assert_eq!(edited(&[Key::Alt('b'), x]), "one x|two");
    assert_eq!(edited(&[Key::Alt('b'), Key::Alt('b'), Key::Alt('f'), x]), "onex| two");
    assert_eq!(edited(&[Key::Home, Key::End, x]), "one twox|");
}

#[test]
fn text_is_deleted_cut_and_put_back() {
    let backspace = Key::Backspace;
    assert_eq!(edited(&[backspace, Key::Control('h')]), "one t|");
    assert_eq!(edited(&[Key::Control('a'), Key::Control('d'), Key::Delete]), "|e two");
    assert_eq!(edited(&[Key::Control('w')]), "one |");
    assert_eq!(edited(&[Key::Control('w'), Key::Control('a'), Key::Control('y')]), "two|one ");
    assert_eq!(edited(&[Key::Control('u')]), "|");
    assert_eq!(edited(&[Key::Alt('b'), Key::Control('k')]), "one |");
    assert_eq!(edited(&[Key::Control('a'), Key::Alt('d')]), "| two");
    assert_eq!(edited(&[Key::Control('u'), backspace, Key::Delete]), "|");
}

#[test]
fn changes_are_taken_back_one_after_the_other() {
    let undo = Key::Control('_');
    assert_eq!(edited(&[undo]), "one |", "a word is typed at once");
    assert_eq!(edited(&[undo, undo, undo]), "|");
    assert_eq!(edited(&[Key::Control('x'), Key::Control('u')]), "one |");
    assert_eq!(edited(&[Key::Control('x'), Key::Control('a'), Key::Control('u')]), "|one two");
    assert_eq!(edited(&[Key::Control('w'), undo]), "one two|");
    assert_eq!(edited(&[Key::Home, Key::Delete, Key::Delete, undo]), "on|e two");
    let backspace = Key::Backspace;
    assert_eq!(edited(&[backspace, backspace, backspace, undo]), "one two|");
    assert_eq!(edited(&[backspace, Key::Char('x'), undo]), "one tw|");
    assert_eq!(edited(&[Key::Home, Key::Control('k'), Key::Control('y'), undo]), "|");
    assert_eq!(edited(&[undo, Key::Char('x'), undo]), "one |");
    let mut editor = typed("one");
    editor.take();
    press(&mut editor, undo);
    assert_eq!(shown(&editor), "|", "a line that was said does not come back so");
    press(&mut editor, Key::Up);
    assert_eq!(shown(&editor), "one|");
    press(&mut editor, undo);
    assert_eq!(shown(&editor), "|");
}

#[test]
fn a_character_is_what_people_take_for_one() {
    let mut editor = typed("añ👨‍👩‍👧e\u{301}");
    for left in ["añ👨‍👩‍👧|", "añ|", "a|", "|"] {
        press(&mut editor, Key::Backspace);
        assert_eq!(shown(&editor), left);
    }
}

#[test]
fn enter_ends_a_line_and_the_arrows_bring_it_back() {
    let mut editor = typed("one");
    assert_eq!(press(&mut editor, Key::Enter), Some(Outcome::Enter));
    assert_eq!(editor.take(), "one");
    assert_eq!(shown(&editor), "|");
    press(&mut editor, Key::Char('x'));
    press(&mut editor, Key::Up);
    assert_eq!(shown(&editor), "one|");
    press(&mut editor, Key::Down);
    assert_eq!(shown(&editor), "x|");
}

#[test]
fn a_tab_completes_as_far_as_it_is_clear() {
    let mut names = Names::default();
    ["<alice> x", "<alina> x"].iter().for_each(|line| names.learn(line));
    let mut editor = typed("hi AL!");
    press(&mut editor, Key::Left);
    let candidates = editor.press(Key::Tab, &names);
    assert_eq!(shown(&editor), "hi ali|!");
    assert_eq!(candidates, Some(Outcome::Candidates(vec!["alice ".into(), "alina ".into()])));
    press(&mut editor, Key::Char('c'));
    assert_eq!(editor.press(Key::Tab, &names), None);
    assert_eq!(shown(&editor), "hi alice |!");
}

#[test]
fn ctrl_d_ends_only_in_an_empty_line_and_ctrl_c_interrupts() {
    let mut editor = typed("x");
    let names = Names::default();
    assert_eq!(editor.press(Key::Control('d'), &names), None);
    assert_eq!(editor.press(Key::Control('c'), &names), Some(Outcome::Interrupt));
    assert_eq!(Editor::default().press(Key::Control('d'), &names), Some(Outcome::End));
}

#[test]
fn passwords_and_blanks_are_not_remembered() {
    let mut editor = Editor::default();
    for line in ["one", "/login al secret", "/register secret", "/login al", " ", ""] {
        editor.insert(line);
        assert_eq!(editor.take(), line);
    }
    let mut earlier = || {
        press(&mut editor, Key::Up);
        editor.line().0.to_owned()
    };
    assert_eq!([earlier(), earlier(), earlier()], ["/login al", "one", "one"]);
}

#[test]
fn no_key_makes_a_line_grow_without_bound() {
    let mut editor = Editor::new(&"é".repeat(MAX_LINE / 2 - 1));
    press(&mut editor, Key::Control('u'));
    (0..3).for_each(|_| assert_eq!(press(&mut editor, Key::Control('y')), None));
    assert_eq!(editor.line(), (&*"é".repeat(MAX_LINE / 2), MAX_LINE));
}

proptest! {
    #[test]
    fn the_cursor_stays_between_characters(keys in prop::collection::vec(any_key(), 0..200)) {
        let mut editor = Editor::default();
        for key in keys {
            if press(&mut editor, key) == Some(Outcome::Enter) {
                editor.take();
            }
            prop_assert!(editor.is_consistent());
        }
        (0..=200).for_each(|_| drop(press(&mut editor, Key::Control('_'))));
        prop_assert_eq!(editor.line().0, "", "all can be taken back");
    }
}

fn any_key() -> impl Strategy<Value = Key> {
    let moves = [
        Key::Enter,
        Key::Tab,
        Key::Backspace,
        Key::WordBackspace,
        Key::Delete,
        Key::Left,
        Key::Right,
        Key::WordLeft,
        Key::WordRight,
        Key::Home,
        Key::End,
        Key::Up,
        Key::Down,
    ];
    prop_oneof![
        prop::sample::select(vec!['a', ' ', 'é', '語', '\u{301}', '👍', '/']).prop_map(Key::Char),
        prop::sample::select(moves.to_vec()),
        prop::char::range('a', 'z').prop_map(Key::Control),
        prop::sample::select(vec!['b', 'd', 'f']).prop_map(Key::Alt),
        Just(Key::Control('_')),
    ]
}

#[test]
fn ctrl_r_finds_earlier_lines() {
    let search = Key::Control('r');
    let mut editor = Editor::default();
    ["deploy now", "lunch?", "deploy later"].iter().for_each(|line| editor.remember(line));
    editor.insert("draft");
    press(&mut editor, search);
    "dep".chars().for_each(|c| drop(press(&mut editor, Key::Char(c))));
    assert_eq!(editor.line().0, "deploy later");
    press(&mut editor, search);
    assert_eq!(editor.line().0, "deploy now");
    press(&mut editor, search);
    assert_eq!(editor.line().0, "deploy now", "there is no older one");
    press(&mut editor, Key::Control('g'));
    assert_eq!(shown(&editor), "draft|");

    press(&mut editor, search);
    "lux".chars().for_each(|c| drop(press(&mut editor, Key::Char(c))));
    press(&mut editor, Key::Backspace);
    assert_eq!(press(&mut editor, Key::Enter), Some(Outcome::Enter));
    assert_eq!(editor.take(), "lunch?");
}

#[test]
fn what_is_searched_for_is_bounded() {
    let mut editor = Editor::default();
    press(&mut editor, Key::Control('r'));
    for _ in 0..10 * MAX_SEARCH {
        press(&mut editor, Key::Char('x'));
    }
    let kept = serde_json::to_string(&editor).unwrap();
    assert!(kept.len() < 2 * MAX_SEARCH, "{kept}");
}
