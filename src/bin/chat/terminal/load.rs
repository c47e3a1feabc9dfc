//! `Load`: how many bytes of lines wait, of which there is a limit.

use std::sync::{Condvar, Mutex, PoisonError};

/// Most bytes that wait. A longer line waits alone.
const MAX_BYTES: usize = 1024 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Load {
    bytes: Mutex<usize>,
    less: Condvar,
}

impl Load {
    /// Adds a line, once there is room for it.
    pub(crate) fn add(&self, length: usize) {
        let bytes = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.less.wait_while(bytes, |bytes| !has_room(*bytes, length));
        *waited.unwrap_or_else(PoisonError::into_inner) += length;
    }

    /// Removes a line that was added.
    pub(crate) fn remove(&self, length: usize) {
        *self.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= length;
        self.less.notify_all();
    }
}

/// Whether a line of this length may wait where so many bytes do.
fn has_room(bytes: usize, length: usize) -> bool {
    bytes == 0 || bytes + length <= MAX_BYTES
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[test]
    fn there_is_room_up_to_the_limit_and_for_a_longer_line_alone() {
        assert!(has_room(1, MAX_BYTES - 1) && !has_room(1, MAX_BYTES));
        assert!(has_room(0, 2 * MAX_BYTES) && !has_room(2 * MAX_BYTES, 1));
    }

    #[test]
    fn a_line_waits_until_there_is_room_for_it() {
        let load = Arc::new(Load::default());
        load.add(2 * MAX_BYTES);
        let next = Arc::clone(&load);
        let next = thread::Builder::new().spawn(move || {
            next.add(MAX_BYTES);
            *next.bytes.lock().unwrap()
        });
        load.remove(2 * MAX_BYTES);
        assert_eq!(next.unwrap().join().unwrap(), MAX_BYTES);
        load.remove(MAX_BYTES - 3);
        load.add(MAX_BYTES - 3);
        assert_eq!(*load.bytes.lock().unwrap(), MAX_BYTES);
    }
}
