//! Nicks: what makes one, who has which, and for whom one that was left is kept.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::time::Duration;

use super::ClientId;
use super::name::Name;
use super::refusal::Refusal;
use crate::address::Address;
use crate::text::Text;

const MAX: usize = 16;
/// How long a nick that was left stays with the address that had it.
const KEPT: Duration = Duration::from_secs(60);
/// Nicks that are kept at the most: whoever renames all day cannot fill the memory.
const MAX_KEPT: usize = 16_384;
const RESERVED: [&str; 4] = ["server", "admin", "root", "chatd"];
const GUEST: &str = "guest";

/// A client's name: 1 to 16 of `A-Z a-z 0-9 _ -`, starting with a letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Nick(Name<MAX>);

/// A nick with case and look-alikes folded: what has to be unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Folded(Name<MAX>);

impl Nick {
    /// What everybody is called at first.
    fn guest(number: u64) -> Self {
        let digits = 10_u64.pow((MAX - GUEST.len()) as u32);
        let name = Name::new(&format!("{GUEST}{}", number % digits));
        Self(name.expect("letters and at most 11 digits are a name"))
    }

    /// The nick that somebody asks for.
    ///
    /// # Errors
    /// When it is no nick, or one that nobody may choose.
    fn chosen(text: &str) -> Result<Self, Refusal> {
        let nick = Self(Name::new(text).ok_or(Refusal::NotANick)?);
        let folded = nick.folded();
        let mut reserved = RESERVED.iter().filter_map(|name| Name::new(name));
        let taken = reserved.any(|name| Self(name).folded() == folded);
        if taken || folded.0.as_str().starts_with(GUEST) {
            return Err(Refusal::Reserved(Text::new(text)));
        }
        Ok(nick)
    }

    fn folded(self) -> Folded {
        Folded(self.0.map(|byte| match byte.to_ascii_lowercase() {
            b'0' => b'o',
            b'1' | b'l' => b'i',
            other => other,
        }))
    }

    /// The nick as a string slice.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Nick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who has which nick.
#[derive(Debug, Default)]
pub(super) struct Nicks {
    taken: HashMap<Folded, ClientId>,
    kept: HashMap<Folded, Kept>,
    /// The order in which `kept` runs out.
    leaving: VecDeque<(Duration, Folded)>,
    guests: u64,
}

#[derive(Debug)]
struct Kept {
    whose: Address,
    until: Duration,
}

impl Nicks {
    /// Gives a newcomer a nick that nobody has.
    pub(super) fn take_guest(&mut self, client: ClientId) -> Nick {
        loop {
            self.guests += 1;
            let nick = Nick::guest(self.guests);
            if let Entry::Vacant(free) = self.taken.entry(nick.folded()) {
                free.insert(client);
                return nick;
            }
        }
    }

    /// Gives `client`, now called `old`, the nick it asks for.
    ///
    /// # Errors
    /// When it is no nick, is reserved, or belongs to somebody else.
    pub(super) fn rename(
        &mut self,
        now: Duration,
        client: ClientId,
        (old, address): (Nick, Address),
        wish: &str,
    ) -> Result<Nick, Refusal> {
        self.expire(now);
        let nick = Nick::chosen(wish)?;
        let folded = nick.folded();
        let others = self.taken.get(&folded).is_some_and(|&holder| holder != client)
            || self.kept.get(&folded).is_some_and(|kept| kept.whose != address);
        if others {
            return Err(Refusal::Taken(Text::new(wish)));
        }
        if folded != old.folded() {
            self.leave(now, old, address);
            self.kept.remove(&folded);
            self.taken.insert(folded, client);
        }
        Ok(nick)
    }

    /// Takes `nick` back and keeps it for `address`.
    pub(super) fn leave(&mut self, now: Duration, nick: Nick, address: Address) {
        self.expire(now);
        let folded = nick.folded();
        self.taken.remove(&folded);
        // A guest's number never comes again, so there is nothing to keep.
        if folded.0.as_str().starts_with(GUEST) {
            return;
        }
        let until = now + KEPT;
        self.kept.insert(folded, Kept { whose: address, until });
        self.leaving.push_back((until, folded));
        if self.leaving.len() > MAX_KEPT {
            self.drop_oldest();
        }
    }

    /// Who is called that, whatever the spelling.
    pub(super) fn holder(&self, name: &str) -> Option<ClientId> {
        let folded = Nick(Name::new(name)?).folded();
        self.taken.get(&folded).copied()
    }

    fn expire(&mut self, now: Duration) {
        while self.leaving.front().is_some_and(|&(until, _)| until <= now) {
            self.drop_oldest();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some((until, folded)) = self.leaving.pop_front() {
            // It may have been taken up and left again since.
            if self.kept.get(&folded).is_some_and(|kept| kept.until == until) {
                self.kept.remove(&folded);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: ClientId = ClientId(1);
    const BOB: ClientId = ClientId(2);
    const START: Duration = Duration::ZERO;

    fn address(last: u8) -> Address {
        Address::of([192, 0, 2, last].into())
    }

    #[test]
    fn a_nick_is_1_to_16_letters_digits_dashes_and_starts_with_a_letter() {
        for good in ["a", "Alice", "a-b_c9", "abcdefghijklmnop"] {
            assert!(Nick::chosen(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "_a", "-a", "a b", "añ", "abcdefghijklmnopq", "a.b", "<a>"] {
            assert_eq!(Nick::chosen(bad), Err(Refusal::NotANick), "{bad}");
        }
    }

    #[test]
    fn reserved_nicks_are_refused_in_every_look_alike_spelling() {
        for bad in
            ["root", "R00T", "adm1n", "ADMlN", "Server", "chatd", "guest", "Guest7", "guesto"]
        {
            assert!(matches!(Nick::chosen(bad), Err(Refusal::Reserved(_))), "{bad}");
        }
        assert!(Nick::chosen("roots").is_ok());
    }

    #[test]
    fn a_taken_nick_is_refused_under_folding_but_its_holder_may_respell_it() {
        let mut nicks = Nicks::default();
        let guest = nicks.take_guest(ALICE);
        let bob = nicks.rename(START, ALICE, (guest, address(1)), "bob").unwrap();
        let other = nicks.take_guest(BOB);
        for spelling in ["bob", "BOB", "b0b"] {
            let refused = nicks.rename(START, BOB, (other, address(1)), spelling);
            assert_eq!(refused, Err(Refusal::Taken(Text::new(spelling))));
        }
        let respelt = nicks.rename(START, ALICE, (bob, address(1)), "B0B").unwrap();
        assert_eq!(respelt.as_str(), "B0B");
        assert_eq!(nicks.holder("bob"), Some(ALICE));
    }

    #[test]
    fn a_nick_that_was_left_is_kept_60_seconds_for_its_address() {
        let mut nicks = Nicks::default();
        let guest = nicks.take_guest(ALICE);
        let bob = nicks.rename(START, ALICE, (guest, address(1)), "bob").unwrap();
        nicks.leave(START, bob, address(1));
        let other = nicks.take_guest(BOB);
        let almost = KEPT - Duration::from_millis(1);
        assert!(nicks.rename(almost, BOB, (other, address(2)), "b0b").is_err());
        let same_place = nicks.rename(almost, BOB, (other, address(1)), "bob").unwrap();
        nicks.leave(almost, same_place, address(1));
        assert!(nicks.rename(KEPT, BOB, (other, address(2)), "bob").is_err(), "kept anew");
        assert!(nicks.rename(almost + KEPT, BOB, (other, address(2)), "bob").is_ok());
    }

    #[test]
    fn kept_nicks_are_bounded() {
        let mut nicks = Nicks::default();
        let mut nick = nicks.take_guest(ALICE);
        for number in 0..MAX_KEPT + 100 {
            let wish = format!("n{number}-");
            nick = nicks.rename(START, ALICE, (nick, address(1)), &wish).unwrap();
        }
        assert!(nicks.kept.len() <= MAX_KEPT && nicks.leaving.len() <= MAX_KEPT);
    }
}
