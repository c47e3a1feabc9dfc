//! The end of the terminal, of which crossterm does not tell: it reads nothing, again and again.
//! Only on Linux, like the system calls of the library.

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

/// How long to wait at once.
const PAUSE: Duration = Duration::from_secs(3600);

/// Waits until nobody is at the other end of a terminal.
pub(super) fn wait(terminal: &impl AsFd) -> io::Result<()> {
    // Nobody rings it.
    let bell = chatd::os::Bell::new()?;
    while chatd::os::wait_closed(terminal, &bell, PAUSE)? != chatd::os::Ready::Io {}
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_end_is_noticed_and_not_before_it_comes() {
        let (reader, writer) = io::pipe().unwrap();
        let (told, ends) = mpsc::channel();
        let waiting = thread::Builder::new();
        waiting.spawn(move || told.send(wait(&reader).is_ok())).unwrap();
        assert!(ends.recv_timeout(Duration::from_millis(50)).is_err());
        drop(writer);
        assert_eq!(ends.recv_timeout(Duration::from_secs(10)), Ok(true));
    }
}
