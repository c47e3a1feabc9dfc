//! `Expiry`: when a certificate expires.

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
        let parsed = EndEntityCert::try_from(certificate).ok()?;
        // webpki does not expose `not_after`, except in the error for an expired certificate.
        let late = UnixTime::since_unix_epoch(Duration::from_secs(u64::MAX));
        match parsed.verify_for_usage(&[], &[], &[], late, KeyUsage::server_auth(), None, None) {
            Err(Error::CertExpired { not_after, .. }) => Some(Self(not_after.as_secs())),
            _ => None,
        }
    }

    /// In seconds since 1970.
    pub fn unix_seconds(self) -> u64 {
        self.0
    }

    /// The warning for the operator at `now`, if the certificate expired or will soon.
    pub fn warning(self, now: SystemTime) -> Option<String> {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
        let date = i64::try_from(self.0).ok().and_then(|at| Timestamp::from_second(at).ok())?;
        let date = date.strftime("%Y-%m-%d %H:%M UTC");
        match self.0.checked_sub(now) {
            None => Some(format!("the TLS certificate expired on {date}: clients refuse it")),
            Some(left) if left < SOON => {
                Some(format!("the TLS certificate expires on {date}, in {} days", left / DAY))
            }
            Some(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_worth_a_warning_for_the_last_two_weeks_and_from_then_on() {
        let expiry = Expiry(1_800_000_000);
        let warning = |at| expiry.warning(SystemTime::UNIX_EPOCH + Duration::from_secs(at));
        assert_eq!(warning(1_800_000_000 - SOON), None);
        let soon = "the TLS certificate expires on 2027-01-15 08:00 UTC, in 13 days";
        assert_eq!(warning(1_800_000_001 - SOON).as_deref(), Some(soon));
        let over = "the TLS certificate expired on 2027-01-15 08:00 UTC: clients refuse it";
        assert_eq!(warning(1_800_000_001).as_deref(), Some(over));
    }
}
