//! Says in good time that the certificate is about to expire.

use std::time::{Duration, SystemTime};

use crate::net::{Expiry, Tls};
use crate::os::{self, Bell, Ready};
use crate::telemetry::Metrics;

/// How often it is said.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Looks at the certificate each day until the bell rings.
pub(super) fn watch(tls: &Tls, metrics: &Metrics, closing: &Bell) {
    loop {
        report(tls, metrics);
        match os::wait_bell(closing, DAY) {
            Ok(Ready::TimedOut) => {}
            _ => return,
        }
    }
}

/// Says when the certificate expires, to the log if it is soon.
pub(super) fn report(tls: &Tls, metrics: &Metrics) {
    let expiry = tls.expiry();
    metrics.set_certificate_expiry(expiry.map_or(0, Expiry::unix_seconds));
    if let Some(warning) = expiry.and_then(|expiry| expiry.warning(SystemTime::now())) {
        log::warn!("{warning}");
    }
}
