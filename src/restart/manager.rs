//! Messages to the service manager: readiness, the watchdog, and the descriptor store, which
//! outlives the process (sd_notify(3), sd_listen_fds(3)).

use std::os::fd::AsFd;

use sd_notify::NotifyState;

/// Whether a service manager started this process, so that its end may be a restart.
pub fn is_managed() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// Sends a message to the manager; without one, does nothing.
pub fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("cannot reach the service manager: {error}");
    }
}

/// Tells the manager that the server is ready.
pub fn ready() {
    notify(&[NotifyState::Ready]);
}

/// Tells the manager that the settings are being reloaded; [`ready`] ends the reload.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(_) => notify(&[NotifyState::Reloading]),
    }
}

/// Tells the manager that the server is about to end.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Stores a descriptor with the manager, for the next process.
pub fn store(name: &str, fd: &impl AsFd) {
    let states = [NotifyState::FdStore, NotifyState::FdName(name)];
    if let Err(error) = sd_notify::notify_with_fds(&states, &[fd.as_fd()]) {
        log::warn!("cannot store {name}: {error}");
    }
}

/// The same, but first removes the descriptors that the manager has by that name.
pub(super) fn replace(name: &str, fd: &impl AsFd) {
    forget(name);
    store(name, fd);
}

/// Removes the descriptors of that name from the manager's store. The manager does so later, and
/// holds the sockets open until then.
pub fn forget(name: &str) {
    notify(&[NotifyState::FdStoreRemove, NotifyState::FdName(name)]);
}
