//! `Authentication`: passwords that are being checked, limited per address so that no address can
//! occupy the password thread alone.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::logins::Logins;
use super::registrations::Registrations;
use crate::address::Address;
use crate::chat::model::{ClientId, NodeNumber};
use crate::chat::refusal::Refusal;

/// Most concurrent requests of one address, of a /56 and of a /48: each check is slow on purpose,
/// and other requests wait for it.
const MAX_EACH: [usize; 3] = [2, 4, 8];

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthOutcome {
    Granted,
    WrongPassword,
    /// The password was not checked, or checking failed.
    Undone,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum RequestKind {
    Login,
    Registration,
    Password,
}

/// Requests that wait for an answer, and the limits on further ones.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Authentication {
    pending: Vec<(ClientId, Address, RequestKind)>,
    logins: Logins,
    registrations: Registrations,
}

impl Authentication {
    /// Begins a login.
    pub(crate) fn begin_login(
        &mut self,
        now: Duration,
        client: ClientId,
        from: Address,
    ) -> Result<(), Refusal> {
        self.admit(client, from)?;
        self.logins.attempt(now, from).map_err(Refusal::LoginsFailed)?;
        self.pending.push((client, from, RequestKind::Login));
        Ok(())
    }

    /// How long an address has to wait after wrong passwords and tokens.
    pub(crate) fn wait_of(&self, now: Duration, from: Address) -> Option<Duration> {
        self.logins.wait_of(now, from)
    }

    /// Counts a wrong token.
    pub(crate) fn count_wrong_token(&mut self, now: Duration, from: Address) {
        // Somebody who has to wait is not counted again.
        let _ = self.logins.attempt(now, from);
    }

    /// Begins a registration.
    pub(crate) fn begin_registration(
        &mut self,
        now: Duration,
        client: ClientId,
        from: Address,
    ) -> Result<(), Refusal> {
        self.admit(client, from)?;
        self.registrations.attempt(now, from).map_err(Refusal::TooManyNames)?;
        self.pending.push((client, from, RequestKind::Registration));
        Ok(())
    }

    /// Begins a change of a password.
    pub(crate) fn begin_password(
        &mut self,
        client: ClientId,
        from: Address,
    ) -> Result<(), Refusal> {
        self.admit(client, from)?;
        self.pending.push((client, from, RequestKind::Password));
        Ok(())
    }

    fn admit(&self, client: ClientId, from: Address) -> Result<(), Refusal> {
        let is_pending = self.pending.iter().any(|(id, ..)| *id == client);
        let is_crowded = |network: Address| {
            let own = self.pending.iter().filter(|(_, address, _)| address.is_in(network));
            own.count() >= network.choose(MAX_EACH)
        };
        if is_pending || from.networks().any(is_crowded) {
            Err(Refusal::AuthPending)
        } else {
            Ok(())
        }
    }

    /// The clients whose requests have no answer yet.
    pub(crate) fn pending(&self) -> Vec<ClientId> {
        self.pending.iter().map(|(client, ..)| *client).collect()
    }

    /// Whether a client waits for the answer to a request.
    pub(crate) fn is_pending(&self, client: ClientId) -> bool {
        self.pending.iter().any(|(pending, ..)| *pending == client)
    }

    /// Replaces the ids of clients.
    pub(crate) fn renumber(&mut self, new: impl Fn(ClientId) -> ClientId) {
        self.pending.iter_mut().for_each(|(client, ..)| *client = new(*client));
    }

    /// Drops the requests of a node's clients, which nobody answers any more.
    pub(crate) fn forget_node(&mut self, node: NodeNumber) {
        self.pending.retain(|(client, ..)| client.node() != node);
    }

    /// Whether no time in them is later than `uptime` allows: a check of a restored snapshot.
    pub(crate) fn are_consistent(&self, uptime: Duration) -> bool {
        self.logins.are_consistent(uptime) && self.registrations.are_consistent(uptime)
    }

    /// Ends the client's request, whether or not the client is still connected.
    pub(crate) fn end(&mut self, now: Duration, client: ClientId, outcome: AuthOutcome) {
        let Some(index) = self.pending.iter().position(|(id, ..)| *id == client) else { return };
        let (_, from, kind) = self.pending.swap_remove(index);
        match (kind, outcome) {
            (RequestKind::Login, AuthOutcome::WrongPassword)
            | (RequestKind::Registration, AuthOutcome::Granted) => {}
            (RequestKind::Password, _) => {}
            (RequestKind::Login, _) => self.logins.take_back(now, from),
            (RequestKind::Registration, _) => self.registrations.take_back(from),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::from_secs(1000);

    fn address(number: u32) -> Address {
        Address::of(number.to_be_bytes().into())
    }

    #[test]
    fn one_address_has_two_claims_at_a_time_and_a_client_one() {
        let mut claims = Authentication::default();
        assert_eq!(claims.begin_registration(NOW, ClientId(1), address(1)), Ok(()));
        let again = claims.begin_login(NOW, ClientId(1), address(1));
        assert_eq!(again, Err(Refusal::AuthPending));
        assert_eq!(claims.begin_registration(NOW, ClientId(2), address(1)), Ok(()));
        let third = claims.begin_registration(NOW, ClientId(3), address(1));
        assert_eq!(third, Err(Refusal::AuthPending));
        assert_eq!(claims.begin_login(NOW, ClientId(4), address(2)), Ok(()));
        claims.end(NOW, ClientId(2), AuthOutcome::Granted);
        assert_eq!(claims.begin_registration(NOW, ClientId(3), address(1)), Ok(()));
    }

    #[test]
    fn a_56_has_four_claims_at_a_time_and_a_48_eight() {
        let mut claims = Authentication::default();
        let mut begun = |subnets: std::ops::Range<u64>| {
            let begins = |&subnet: &u64| {
                let from = format!("2001:db8:0:{subnet:x}::1").parse().unwrap();
                claims.begin_registration(NOW, ClientId(subnet), Address::of(from)).is_ok()
            };
            subnets.filter(begins).count()
        };
        assert_eq!((begun(0..0x100), begun(0x100..0x1000)), (4, 4));
    }

    #[test]
    fn only_a_wrong_password_is_a_failed_login() {
        let mut claims = Authentication::default();
        for outcome in [
            AuthOutcome::Undone,
            AuthOutcome::Granted,
            AuthOutcome::Undone,
            AuthOutcome::WrongPassword,
        ] {
            assert_eq!(claims.begin_login(NOW, ClientId(1), address(1)), Ok(()), "{outcome:?}");
            claims.end(NOW, ClientId(1), outcome);
        }
        let wait = Duration::from_secs(1);
        let next = claims.begin_login(NOW, ClientId(1), address(1));
        assert_eq!(next, Err(Refusal::LoginsFailed(wait)));
    }

    #[test]
    fn only_a_name_that_was_registered_counts_as_one() {
        let mut claims = Authentication::default();
        let mut register = |outcome| {
            claims.begin_registration(NOW, ClientId(1), address(1))?;
            claims.end(NOW, ClientId(1), outcome);
            Ok(())
        };
        for _ in 0..20 {
            assert_eq!(register(AuthOutcome::Undone), Ok(()));
        }
        for _ in 0..10 {
            assert_eq!(register(AuthOutcome::Granted), Ok(()));
        }
        let wait = Duration::from_secs(360);
        assert_eq!(register(AuthOutcome::Granted), Err(Refusal::TooManyNames(wait)));
    }
}
