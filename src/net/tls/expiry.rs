//! When a certificate becomes valid and expires.

use std::fmt::Display;
use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage};

const DAY: u64 = 24 * 60 * 60;
/// How long before that chatd warns, in seconds: twice the length of a week off.
const SOON: u64 = 14 * DAY;

/// The last second at which a certificate is valid, since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expiry(u64);

impl Expiry {
    /// The expiry of `certificate`; `None` if it cannot be parsed.
    pub fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        match invalidity(certificate, u64::MAX)? {
            Error::CertExpired { not_after, .. } => Some(Self(not_after.as_secs())),
            _ => None,
        }
    }

    /// In seconds since 1970.
    pub fn unix_seconds(self) -> u64 {
        self.0
    }

    /// The warning at `now`, in seconds since 1970, if `certificate` expired or will soon.
    fn warning(self, certificate: &str, now: u64) -> Option<String> {
        let date = date(self.0)?;
        match self.0.checked_sub(now) {
            None => Some(format!("{certificate} expired on {date}: clients refuse it")),
            Some(left) if left < SOON => {
                Some(format!("{certificate} expires on {date}, in {} days", left / DAY))
            }
            Some(_) => None,
        }
    }
}

/// Warnings for the operator at `now` about a certificate, which they call `name`.
pub(super) fn warnings(
    name: &str,
    certificate: &CertificateDer<'_>,
    now: SystemTime,
) -> impl Iterator<Item = String> + use<> {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let early = match invalidity(certificate, now) {
        Some(Error::CertNotValidYet { not_before, .. }) => date(not_before.as_secs()),
        _ => None,
    };
    let early = early.map(|date| format!("{name} is valid only from {date}: clients refuse it"));
    let expiry = Expiry::of(certificate).and_then(|expiry| expiry.warning(name, now));
    early.into_iter().chain(expiry)
}

/// Why a certificate is not valid at a time. webpki tells the bounds of its validity in no other
/// way.
fn invalidity(certificate: &CertificateDer<'_>, time: u64) -> Option<Error> {
    let parsed = EndEntityCert::try_from(certificate).ok()?;
    let time = UnixTime::since_unix_epoch(Duration::from_secs(time));
    parsed.verify_for_usage(&[], &[], &[], time, KeyUsage::server_auth(), None, None).err()
}

fn date(seconds: u64) -> Option<impl Display> {
    let date = i64::try_from(seconds).ok().and_then(|at| Timestamp::from_second(at).ok())?;
    Some(date.strftime("%Y-%m-%d %H:%M UTC").to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_worth_a_warning_for_the_last_two_weeks_and_from_then_on() {
        let expiry = Expiry(1_800_000_000);
        let warning = |at| expiry.warning("the TLS certificate", at);
        assert_eq!(warning(1_800_000_000 - SOON), None);
        let soon = "the TLS certificate expires on 2027-01-15 08:00 UTC, in 13 days";
        assert_eq!(warning(1_800_000_001 - SOON).as_deref(), Some(soon));
        let over = "the TLS certificate expired on 2027-01-15 08:00 UTC: clients refuse it";
        assert_eq!(warning(1_800_000_001).as_deref(), Some(over));
    }
}
