//! `Replaceable`: a value that many threads read and one may replace while the server runs.

use std::sync::{Arc, PoisonError, RwLock};

/// A shared value. Readers do not wait for each other.
#[derive(Clone, Debug)]
pub struct Replaceable<T>(Arc<RwLock<T>>);

impl<T> Replaceable<T> {
    /// Shares `value`. Clones of the result share it, too.
    pub fn new(value: T) -> Self {
        Self(Arc::new(RwLock::new(value)))
    }

    /// Calls `read` with the current value. Replacing it waits meanwhile.
    pub fn with<R>(&self, read: impl FnOnce(&T) -> R) -> R {
        read(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Replaces the value, and returns the old one.
    pub fn replace(&self, value: T) -> T {
        std::mem::replace(&mut self.0.write().unwrap_or_else(PoisonError::into_inner), value)
    }
}

impl<T: Clone> Replaceable<T> {
    /// A clone of the current value.
    pub fn get(&self) -> T {
        self.with(T::clone)
    }
}
