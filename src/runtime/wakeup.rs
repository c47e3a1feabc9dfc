//! `Wakeup`: wakes all sessions at once, to stop, to park, or to notice a change.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::replaceable::Replaceable;
use crate::os::Bell;

/// A bell that can ring many times: each time, a new bell replaces the one that rings.
#[derive(Debug)]
pub struct Wakeup {
    bell: Replaceable<Arc<Bell>>,
    is_parking: AtomicBool,
    is_over: AtomicBool,
}

impl Wakeup {
    /// A wakeup that has not rung.
    pub fn new() -> io::Result<Self> {
        let bell = Replaceable::new(Arc::new(Bell::new()?));
        Ok(Self { bell, is_parking: AtomicBool::new(false), is_over: AtomicBool::new(false) })
    }

    /// The bell to wait for. After it rang, callers get the next one here.
    pub fn bell(&self) -> Arc<Bell> {
        self.bell.get()
    }

    /// Wakes all sessions to notice a change.
    pub fn ring(&self) -> io::Result<()> {
        self.bell.replace(Arc::new(Bell::new()?)).ring();
        Ok(())
    }

    /// Wakes all sessions, now and later, to park: to stop reading and leave their connections to
    /// the next process.
    pub fn park(&self) {
        self.is_parking.store(true, Ordering::Release);
        self.bell().ring();
    }

    /// Whether sessions have to park.
    pub fn is_parking(&self) -> bool {
        self.is_parking.load(Ordering::Acquire)
    }

    /// Wakes all sessions, now and later, to stop.
    pub fn stop(&self) {
        self.is_over.store(true, Ordering::Release);
        self.bell().ring();
    }

    /// Whether sessions have to stop.
    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }
}
