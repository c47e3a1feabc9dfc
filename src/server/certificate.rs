//! Warns in the log before the certificate expires.

use std::time::{Duration, SystemTime};

use crate::net::{Expiry, Tls};
use crate::os::{self, Bell, Ready};
use crate::telemetry::Metrics;

/// How often the certificate is checked.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Checks the certificate each day until `closing` rings.
pub(super) fn watch(tls: &Tls, metrics: &Metrics, closing: &Bell) {
    loop {
        report(tls, metrics);
        match os::wait_bell(closing, DAY) {
            Ok(Ready::TimedOut) => {}
            _ => return,
        }
    }
}

/// Puts the time at which the certificate expires into the metrics, and warns if it is soon or
/// the certificate is not valid.
pub(super) fn report(tls: &Tls, metrics: &Metrics) {
    let expiry = tls.expiry();
    metrics.set_certificate_expiry(expiry.map_or(0, Expiry::unix_seconds));
    for warning in tls.warnings(SystemTime::now()) {
        log::warn!("{warning}");
    }
}
