//! `Caps`: the capabilities of IRCv3 that a client has asked for.

use serde::{Deserialize, Serialize};

/// A capability.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of IRCv3")]
pub enum Cap {
    CapNotify,
    MultiPrefix,
    UserhostInNames,
    ServerTime,
    MessageTags,
    EchoMessage,
    Batch,
    LabeledResponse,
    AwayNotify,
    AccountNotify,
    AccountTag,
    ExtendedJoin,
    InviteNotify,
    Chghost,
    Setname,
    ExtendedMonitor,
    StandardReplies,
    Sasl,
    ReadMarker,
    ChatHistory,
    AccountRegistration,
}

/// All capabilities with their names, in the order of CAP LS.
const ALL: [(Cap, &str); 21] = [
    (Cap::CapNotify, "cap-notify"),
    (Cap::MultiPrefix, "multi-prefix"),
    (Cap::UserhostInNames, "userhost-in-names"),
    (Cap::ServerTime, "server-time"),
    (Cap::MessageTags, "message-tags"),
    (Cap::EchoMessage, "echo-message"),
    (Cap::Batch, "batch"),
    (Cap::LabeledResponse, "labeled-response"),
    (Cap::AwayNotify, "away-notify"),
    (Cap::AccountNotify, "account-notify"),
    (Cap::AccountTag, "account-tag"),
    (Cap::ExtendedJoin, "extended-join"),
    (Cap::InviteNotify, "invite-notify"),
    (Cap::Chghost, "chghost"),
    (Cap::Setname, "setname"),
    (Cap::ExtendedMonitor, "extended-monitor"),
    (Cap::StandardReplies, "standard-replies"),
    (Cap::Sasl, "sasl"),
    (Cap::ReadMarker, "draft/read-marker"),
    (Cap::ChatHistory, "draft/chathistory"),
    (Cap::AccountRegistration, "draft/account-registration"),
];

/// The capabilities that change bytes that clients share.
const SHARED: [Cap; 4] = [Cap::ServerTime, Cap::MessageTags, Cap::AccountTag, Cap::ExtendedJoin];

/// The version of CAP LS from which on capabilities have values and `cap-notify` is implied.
const VALUES_SINCE: u32 = 302;

impl Cap {
    fn bit(self) -> u32 {
        1 << self as u32
    }

    fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|(_, own)| *own == name).map(|(cap, _)| *cap)
    }

    fn value(self) -> Option<&'static str> {
        (self == Self::Sasl).then_some(super::sasl::MECHANISM)
    }
}

/// What a server has for its clients.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    /// Accounts to log in to.
    pub has_accounts: bool,
    /// What was said before.
    pub has_history: bool,
}

/// A set of capabilities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Caps(u32);

impl Caps {
    /// Those of a server.
    pub fn offered(by: Offer) -> Self {
        let all = ALL.iter().fold(Self(0), |all, (cap, _)| all.with(*cap, true));
        let all = all.with(Cap::Sasl, by.has_accounts).with(Cap::ChatHistory, by.has_history);
        all.with(Cap::AccountRegistration, by.has_accounts)
    }

    /// Whether a capability is in the set.
    pub fn has(self, cap: Cap) -> bool {
        self.0 & cap.bit() != 0
    }

    /// The same set with or without a capability.
    #[must_use]
    pub fn with(self, cap: Cap, on: bool) -> Self {
        Self(if on { self.0 | cap.bit() } else { self.0 & !cap.bit() })
    }

    /// The names, for CAP LIST.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        ALL.iter().filter(move |(cap, _)| self.has(*cap)).map(|(_, name)| *name)
    }

    /// The names, with values for a client that knows this version of CAP LS.
    pub fn listed(self, version: u32) -> impl Iterator<Item = String> {
        let listed = move |(cap, name): &(Cap, &str)| match cap.value() {
            Some(value) if version >= VALUES_SINCE => format!("{name}={value}"),
            _ => (*name).to_owned(),
        };
        ALL.iter().filter(move |(cap, _)| self.has(*cap)).map(listed)
    }

    /// What CAP LS of this version asks for by itself.
    #[must_use]
    pub fn after_list(self, version: u32) -> Self {
        self.with(Cap::CapNotify, version >= VALUES_SINCE || self.has(Cap::CapNotify))
    }

    /// Those that change bytes that clients share; the others decide who is told what.
    #[must_use]
    pub fn shared(self) -> Self {
        SHARED.iter().fold(Self(0), |shared, cap| shared.with(*cap, self.has(*cap)))
    }

    /// A number of the [shared](Self::shared) ones.
    pub fn index(self) -> usize {
        SHARED.iter().rev().fold(0, |bits, cap| bits << 1 | usize::from(self.has(*cap)))
    }
}

/// The set after CAP REQ with these `words`, a dash removing one; `None` if the server has to
/// refuse the whole request.
pub fn parse_request(offered: Caps, caps: Caps, words: &str) -> Option<Caps> {
    words.split_ascii_whitespace().try_fold(caps, |caps, word| {
        let (name, on) = match word.strip_prefix('-') {
            Some(name) => (name, false),
            None => (word, true),
        };
        let cap = Cap::named(name).filter(|cap| offered.has(*cap))?;
        Some(caps.with(cap, on))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL_OF_IT: Offer = Offer { has_accounts: true, has_history: true };

    fn list(caps: Caps, version: u32) -> String {
        caps.listed(version).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn the_list_has_values_from_version_302_on() {
        assert!(list(Caps::offered(ALL_OF_IT), 302).contains(" sasl=PLAIN "));
        assert!(list(Caps::offered(ALL_OF_IT), 301).contains(" sasl "));
        assert!(!list(Caps::offered(Offer::default()), 302).contains("sasl"));
        assert!(list(Caps::offered(ALL_OF_IT), 302).len() < 450, "it fits a line");
        assert!(!Caps::default().after_list(301).has(Cap::CapNotify));
        assert!(Caps::default().after_list(302).has(Cap::CapNotify));
    }

    #[test]
    fn a_request_is_taken_or_refused_as_a_whole() {
        let offered = Caps::offered(ALL_OF_IT);
        let request = |caps, words| parse_request(offered, caps, words);
        let caps = request(Caps::default(), "multi-prefix  sasl ").unwrap();
        assert_eq!(caps.names().collect::<Vec<_>>(), ["multi-prefix", "sasl"]);
        assert_eq!(request(caps, "-sasl").unwrap().names().collect::<Vec<_>>(), ["multi-prefix"]);
        for bad in ["batch foo", "foo", "-foo", "Batch", "sasl=PLAIN", "="] {
            assert_eq!(request(caps, bad), None, "{bad}");
        }
        assert_eq!(parse_request(Caps::offered(Offer::default()), caps, "sasl"), None);
    }

    #[test]
    fn only_a_few_change_what_clients_share() {
        let indexes =
            [Caps::default(), Caps::offered(ALL_OF_IT), Caps::default().with(Cap::Batch, true)];
        assert_eq!(indexes.map(Caps::index), [0, 15, 0]);
        let tags = Caps::default().with(Cap::MessageTags, true);
        assert_eq!((tags.index(), tags.with(Cap::Sasl, true).shared()), (2, tags));
    }
}
