//! Commands about people who speak over HTTP: they are found by name, but are not here.

use std::ops::Deref;
use std::time::Duration;

use crate::chat::length::Length;
use crate::chat::model::Moment;
use crate::chat::refusal::Refusal;
use crate::chat::state::{Chat, Mute, Speaker};
use crate::chat::turn::moderation::for_so_long;
use crate::chat::turn::view::{Turn, TurnOf, View};

impl<C: Deref<Target = Chat>> TurnOf<'_, C> {
    /// The speaker of that name, unless somebody who is here has it.
    pub(crate) fn speaker(&self, name: &str) -> Option<Speaker> {
        if self.find(name).is_ok() {
            return None;
        }
        self.chat.speakers.find(self.now.uptime, name)
    }

    /// Fails if the name is that of a speaker, to whom nothing can be said.
    pub(crate) fn check_not_speaker(&self, name: &str) -> Result<(), Refusal> {
        match self.speaker(name) {
            Some(speaker) => Err(Refusal::SpeaksOverHttp(speaker.nick)),
            None => Ok(()),
        }
    }
}

impl View<'_> {
    /// What `/whois` says of a speaker.
    pub(crate) fn tell_of_speaker(&mut self, speaker: &Speaker) {
        let idle = Length::past(self.now.uptime.saturating_sub(speaker.spoke));
        let mut words = format!("{} speaks over HTTP, idle {idle}", speaker.nick);
        if self.is_operator() {
            if self.is_muted(speaker) {
                words.push_str(", muted");
            }
            words.push_str(&format!(", from {}", speaker.origin));
        }
        self.notice(words);
    }

    fn is_muted(&self, speaker: &Speaker) -> bool {
        self.chat.mute_of(self.now, speaker.origin, speaker.login).is_some()
    }
}

impl Turn<'_> {
    /// Ignores a speaker, and whoever it is when it connects.
    pub(crate) fn ignore_speaker(&mut self, speaker: &Speaker) {
        self.begin_ignoring_speaker(speaker);
        self.notice(format_args!("you are ignoring {}", speaker.nick));
    }

    /// The same without a word.
    pub(crate) fn begin_ignoring_speaker(&mut self, speaker: &Speaker) {
        if !self.hears(speaker.id) {
            return;
        }
        self.begin_ignoring(speaker.id);
        let forgotten = self.chat.ignored.leave(self.me, speaker.id, speaker.identity());
        if let Some((by, gone)) = forgotten
            && let Some(client) = self.chat.clients.get_mut(&by).filter(|_| gone != speaker.id)
        {
            client.ignores.retain(|&ignored| ignored != gone);
        }
    }

    /// Ends that.
    pub(crate) fn unignore_speaker(&mut self, speaker: &Speaker) -> Result<(), Refusal> {
        let same = self.chat.ignored.forget(self.me, &speaker.identity());
        let is_ignored = !same.is_empty() || !self.hears(speaker.id);
        same.into_iter().chain([speaker.id]).for_each(|client| self.stop_ignoring(client));
        if !is_ignored {
            return Err(Refusal::NotIgnored(crate::text::Text::new(speaker.nick.as_str())));
        }
        self.notice(format_args!("you no longer ignore {}", speaker.nick));
        Ok(())
    }

    /// Mutes a speaker, and whoever connects from its address.
    pub(crate) fn mute_speaker(&mut self, speaker: &Speaker, duration: Option<Duration>) {
        let since: Moment = self.now.moment;
        let until = duration.map(|duration| since.after(duration));
        let mute = Mute { since, until, of: speaker.login, is_inherited: false };
        self.chat.mutes.leave(speaker.origin.address(), speaker.login, mute);
        let (whom, length) = (speaker.nick, for_so_long(duration));
        self.log(format_args!("muted {whom}{length}"));
        self.notice(format_args!("{whom} is muted{length}"));
    }

    /// Ends that.
    pub(crate) fn unmute_speaker(&mut self, speaker: &Speaker) -> Result<(), Refusal> {
        if !self.view().is_muted(speaker) {
            return Err(Refusal::NotMuted(speaker.nick));
        }
        self.chat.mutes.lift(speaker.origin.address(), speaker.login);
        self.log(format_args!("unmuted {}", speaker.nick));
        self.notice(format_args!("{} may speak again", speaker.nick));
        Ok(())
    }
}
