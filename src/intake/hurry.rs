//! `Hurry`: ends handshakes before their time is over.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::admission::Share;
use crate::os::Bell;

/// How many handshakes for health checks, and how many for metrics, may go on at once. With more,
/// the oldest ends: most likely it is silent, as these requests take a few milliseconds.
///
/// Far fewer than the [`Share`] has, as those that must end still take a moment.
const MOST: usize = 24;

/// Rings to end all handshakes at once, or the oldest of a share.
#[derive(Debug)]
pub(crate) struct Hurry {
    /// For the handshakes of clients.
    clients: Arc<Bell>,
    figures: Bells,
    health: Bells,
}

/// One bell for each handshake, the oldest first.
type Bells = Mutex<VecDeque<Weak<Bell>>>;

impl Hurry {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            clients: Arc::new(Bell::new()?),
            figures: Bells::default(),
            health: Bells::default(),
        })
    }

    /// Ends all handshakes. None may begin afterwards.
    pub(crate) fn ring(&self) {
        self.clients.ring();
        [&self.figures, &self.health].into_iter().for_each(|bells| ring_oldest(bells, 0));
    }

    /// The bell of a handshake that begins. If its share has more than [`MOST`] with it, the oldest
    /// ends.
    pub(super) fn bell(&self, share: Share) -> Arc<Bell> {
        let bells = match share {
            Share::Clients => return Arc::clone(&self.clients),
            Share::Figures => &self.figures,
            Share::Health => &self.health,
        };
        // Without a descriptor for a bell, only the deadline ends it early.
        let Ok(bell) = Bell::new().map(Arc::new) else { return Arc::clone(&self.clients) };
        bells.lock().unwrap_or_else(PoisonError::into_inner).push_back(Arc::downgrade(&bell));
        ring_oldest(bells, MOST);
        bell
    }
}

/// Ends the oldest handshakes but for `most`.
fn ring_oldest(bells: &Bells, most: usize) {
    let mut bells = bells.lock().unwrap_or_else(PoisonError::into_inner);
    bells.retain(|bell| bell.strong_count() > 0);
    let surplus = bells.len().saturating_sub(most);
    bells.drain(..surplus).filter_map(|bell| bell.upgrade()).for_each(|bell| bell.ring());
}
