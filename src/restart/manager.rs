//! What the service manager is told and gives: readiness, a pulse, sockets, and a store for
//! descriptors that outlives the process (sd_notify(3), sd_listen_fds(3)).

use std::os::fd::AsFd;

use sd_notify::NotifyState;

/// Whether a service manager started this process, so that its end may be a restart.
pub fn is_managed() -> bool {
    std::env::var_os("NOTIFY_SOCKET").is_some()
}

/// Tells the manager something; without one, nothing happens.
pub fn notify(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        log::warn!("cannot reach the service manager: {error}");
    }
}

/// Tells the manager that the server is ready.
pub fn ready() {
    notify(&[NotifyState::Ready]);
}

/// Tells it that settings are being read again; [`ready`] ends that.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => notify(&[NotifyState::Reloading, now]),
        Err(_) => notify(&[NotifyState::Reloading]),
    }
}

/// Tells it that the server is about to end.
pub fn stopping() {
    notify(&[NotifyState::Stopping]);
}

/// Leaves a descriptor with the manager, for the next process.
pub fn store(name: &str, fd: &impl AsFd) {
    let states = [NotifyState::FdStore, NotifyState::FdName(name)];
    if let Err(error) = sd_notify::notify_with_fds(&states, &[fd.as_fd()]) {
        log::warn!("cannot store {name}: {error}");
    }
}

/// The same, and has it let go of what it has by that name.
pub(super) fn replace(name: &str, fd: &impl AsFd) {
    forget(name);
    store(name, fd);
}

/// Has the manager let go of a descriptor; it may go on using what it refers to until it did.
pub fn forget(name: &str) {
    notify(&[NotifyState::FdStoreRemove, NotifyState::FdName(name)]);
}
