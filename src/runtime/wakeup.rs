//! `Wakeup`: wakes all sessions at once, to stop or to look at what has changed.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::replaceable::Replaceable;
use crate::os::Bell;

/// A bell that can be rung again and again: each time it is replaced by a silent one.
#[derive(Debug)]
pub struct Wakeup {
    bell: Replaceable<Arc<Bell>>,
    is_parking: AtomicBool,
    is_over: AtomicBool,
}

impl Wakeup {
    /// One that nobody has rung.
    pub fn new() -> io::Result<Self> {
        let bell = Replaceable::new(Arc::new(Bell::new()?));
        Ok(Self { bell, is_parking: AtomicBool::new(false), is_over: AtomicBool::new(false) })
    }

    /// The bell to wait for. Once it has rung, ask again.
    pub fn bell(&self) -> Arc<Bell> {
        self.bell.get()
    }

    /// Wakes everyone, to look at what has changed.
    pub fn ring(&self) -> io::Result<()> {
        self.bell.replace(Arc::new(Bell::new()?)).ring();
        Ok(())
    }

    /// Wakes everyone, now and later, to leave everything as it is.
    pub fn park(&self) {
        self.is_parking.store(true, Ordering::Release);
        self.bell().ring();
    }

    /// Whether it is time to leave everything as it is.
    pub fn is_parking(&self) -> bool {
        self.is_parking.load(Ordering::Acquire)
    }

    /// Wakes everyone, now and later, to stop.
    pub fn stop(&self) {
        self.is_over.store(true, Ordering::Release);
        self.bell().ring();
    }

    /// Whether it is time to stop.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}
