//! `Login`: the account that the user logged in to, so that the next connection can log in again.
//!
//! In memory only. Knows the server's wording, but neither sockets nor a clock.

use std::fmt;
use std::time::Duration;

use chatd::edit::password;
use chatd::text::Text;

use crate::heard::Notice;
use crate::notices;

/// The wait before another try if the server does not say one.
const PAUSE: Duration = Duration::from_secs(1);
/// Longest wait, whatever the server says.
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

/// What the client knows about the user's account.
#[derive(Default)]
pub(crate) struct Login {
    account: Option<Account>,
    /// The password typed last; it may be wrong.
    typed: Option<String>,
    stage: Stage,
}

struct Account {
    nick: String,
    password: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Idle,
    /// The client sent `/login` by itself, and waits for the answer.
    Asked,
    Waiting {
        until: Duration,
    },
}

/// The answer to a `/login` that the client sent by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    LoggedIn,
    /// The client tries again later.
    NotYet,
    Refused,
}

/// Leaves out the passwords.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Login").field("stage", &self.stage).finish_non_exhaustive()
    }
}

impl Login {
    /// One that begins with an account, if there is one.
    pub(crate) fn new(account: Option<(String, String)>) -> Self {
        let account = account.map(|(nick, password)| Account { nick, password });
        Self { account, ..Self::default() }
    }

    /// Learns from a line that the user sends.
    pub(crate) fn say(&mut self, line: &Text) {
        if let Some(password) = password(line.as_str()) {
            self.typed = Some(password.to_owned());
        }
    }

    /// The login to send first on a new connection, and at the [`deadline`](Self::deadline).
    pub(crate) fn begin(&mut self) -> Option<String> {
        self.typed = None;
        let Account { nick, password } = self.account.as_ref()?;
        self.stage = Stage::Asked;
        Some(format!("/login {nick} {password}"))
    }

    /// When to log in again.
    pub(crate) fn deadline(&self) -> Option<Duration> {
        match self.stage {
            Stage::Waiting { until } => Some(until),
            Stage::Idle | Stage::Asked => None,
        }
    }

    /// The nick of the account.
    pub(crate) fn nick(&self) -> Option<&str> {
        self.account.as_ref().map(|account| account.nick.as_str())
    }

    /// Learns from a line of the server; returns the answer to [`begin`](Self::begin), if it is
    /// one.
    pub(crate) fn receive(&mut self, now: Duration, line: &str) -> Option<Answer> {
        match Notice::of(line) {
            Some(notice) => self.hear_notice(&notice),
            None if notices::is_refusal(line) => self.hear_refusal(now, line),
            None => None,
        }
    }

    fn hear_notice(&mut self, notice: &Notice<'_>) -> Option<Answer> {
        match *notice {
            Notice::LoggedIn { nick } => {
                self.learn(nick);
                let was_asked = self.stage == Stage::Asked;
                self.stage = Stage::Idle;
                return was_asked.then_some(Answer::LoggedIn);
            }
            Notice::PasswordChanged { nick } => self.learn(nick),
            Notice::LoggedOut => self.account = None,
            Notice::Replaced { nick } if self.nick() == Some(nick) => self.account = None,
            _ => {}
        }
        None
    }

    /// The password typed last is that of this account.
    fn learn(&mut self, nick: &str) {
        if let Some(password) = self.typed.take() {
            self.account = Some(Account { nick: nick.to_owned(), password });
        }
    }

    fn hear_refusal(&mut self, now: Duration, line: &str) -> Option<Answer> {
        if self.stage != Stage::Asked {
            return None;
        }
        let pause = match line {
            "!! busy; try again" => Some(PAUSE),
            _ => line
                .strip_prefix("!! too many failed logins; try again in ")
                .map(|pause| humantime::parse_duration(pause).unwrap_or(PAUSE).min(LONGEST_PAUSE)),
        };
        self.stage = pause.map_or(Stage::Idle, |pause| Stage::Waiting { until: now + pause });
        Some(if pause.is_some() { Answer::NotYet } else { Answer::Refused })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;

    fn logged_in() -> Login {
        let mut login = Login::default();
        login.say(&Text::new("/login al1ce open  sesame "));
        assert_eq!(login.receive(NOW, "-- you are logged in as alice"), None);
        login
    }

    #[test]
    fn a_password_that_was_right_is_used_again_under_the_accounts_own_name() {
        let mut login = logged_in();
        assert_eq!(login.begin().as_deref(), Some("/login alice open  sesame"));
        assert_eq!(login.receive(NOW, "-- you are now alice"), None);
        assert_eq!(login.receive(NOW, "-- you are logged in as alice"), Some(Answer::LoggedIn));

        login.say(&Text::new("/REGISTER  new "));
        login.receive(NOW, "-- bob is yours now; next time: /login bob PASSWORD");
        assert_eq!(login.begin().as_deref(), Some("/login bob new"));
    }

    #[test]
    fn an_account_of_the_command_line_is_logged_in_to_at_once() {
        let mut login = Login::new(Some(("alice".to_owned(), "open sesame".to_owned())));
        assert_eq!(login.begin().as_deref(), Some("/login alice open sesame"));
        assert_eq!(Login::new(None).begin(), None);
    }

    #[test]
    fn a_password_that_was_wrong_is_not() {
        let mut login = Login::default();
        login.say(&Text::new("/login alice guess"));
        assert_eq!(login.receive(NOW, "!! wrong password"), None);
        assert_eq!(login.begin(), None);
        let mut login = logged_in();
        login.say(&Text::new("/login alice guess"));
        login.receive(NOW, "!! wrong password");
        login.begin();
        login.receive(NOW, "-- you are logged in as alice");
        assert_eq!(login.begin().as_deref(), Some("/login alice open  sesame"));
    }

    #[test]
    fn a_password_that_was_changed_is_used_from_then_on() {
        let mut login = logged_in();
        login.say(&Text::new("/password short"));
        login.receive(NOW, "!! not changed: a password has 8 to 512 bytes; choose another one");
        assert_eq!(login.begin().as_deref(), Some("/login alice open  sesame"));
        login.say(&Text::new("/password much longer"));
        login.receive(NOW, "-- the password of alice is changed");
        assert_eq!(login.begin().as_deref(), Some("/login alice much longer"));
    }

    #[test]
    fn whoever_logged_out_or_was_replaced_does_not_come_back() {
        for line in ["-- you are logged out", "-- alice has logged in"] {
            let mut login = logged_in();
            login.receive(NOW, line);
            assert_eq!(login.begin(), None, "{line}");
        }
        let mut login = logged_in();
        login.receive(NOW, "<bob> alice has logged in");
        assert!(login.begin().is_some());
    }

    #[test]
    fn the_words_of_people_are_no_answer() {
        let mut login = Login::default();
        login.say(&Text::new("/login alice guess"));
        for topic in ["x is yours now; next time: /login x PASSWORD", "x is yours now; "] {
            login.receive(NOW, &format!("-- eve set the topic: {topic}"));
            login.receive(NOW, &format!("-- the topic is {topic}"));
        }
        login.receive(NOW, "-- eve is away: you are logged in as eve");
        assert_eq!(login.begin(), None);
    }

    #[test]
    fn what_may_be_had_later_is_asked_for_later() {
        let mut login = logged_in();
        login.begin();
        let told = login.receive(NOW, "!! too many failed logins; try again in 1m 2s");
        assert_eq!((told, login.deadline()), (Some(Answer::NotYet), Some(Duration::from_secs(62))));
        login.begin();
        assert_eq!(login.deadline(), None);
        assert_eq!(login.receive(NOW, "!! busy; try again"), Some(Answer::NotYet));
        login.begin();
        assert_eq!(login.receive(NOW, "!! wrong password"), Some(Answer::Refused));
    }

    #[test]
    fn no_pause_is_longer_than_an_hour() {
        for pause in ["18446744073709551615s", "9999999999999999999999s", "3601s", "1000years"] {
            let mut login = logged_in();
            login.begin();
            let now = Duration::from_secs(1);
            login.receive(now, &format!("!! too many failed logins; try again in {pause}"));
            assert!(login.deadline().unwrap() <= now + LONGEST_PAUSE, "{pause}");
        }
    }

    #[test]
    fn it_cannot_be_shown_by_accident() {
        let mut login = logged_in();
        login.say(&Text::new("/login alice other"));
        let shown = format!("{login:?}");
        assert!(!shown.contains("sesame") && !shown.contains("other"), "{shown}");
    }
}
