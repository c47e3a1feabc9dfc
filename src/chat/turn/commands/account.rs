//! Commands about accounts. A typed password goes to the store and nowhere else.

use crate::chat::effect::Effect;
use crate::chat::model::{AuthRequest, Nick, Password};
use crate::chat::refusal::Refusal;
use crate::chat::turn::view::Turn;
use crate::text::Text;

pub(crate) fn register(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    warn_of_listeners(turn)?;
    let nick = turn.me().nick;
    if nick.is_guest() {
        return Err(Refusal::Guest);
    }
    let password = Password::chosen(args[0]).ok_or(Refusal::NotAPassword)?;
    // Otherwise a muted client, or a guest in a lockdown, could speak after registering.
    turn.may_speak()?;
    if let Some(account) = turn.chat.registry.account(nick) {
        return Err(Refusal::Registered(account.nick));
    }
    let from = turn.me().address();
    turn.chat.authentication.begin_registration(turn.now.uptime, turn.me, from)?;
    authenticate(turn, AuthRequest::Register(nick, password, turn.now.moment));
    Ok(())
}

pub(crate) fn login(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    warn_of_listeners(turn)?;
    let (password, nick) =
        credentials(turn, args).inspect_err(|_| note_failed_login(turn, args))?;
    turn.check_not_banned(nick)?;
    let from = turn.me().address();
    let begun = turn.chat.authentication.begin_login(turn.now.uptime, turn.me, from);
    if let Err(Refusal::LoginsFailed(_)) = begun {
        note_failed_login(turn, args);
    }
    begun?;
    authenticate(turn, AuthRequest::Login(nick, password, turn.now.moment));
    Ok(())
}

/// Has a login logged whose password is not checked. Without accounts there is nothing to guess.
pub(super) fn note_failed_login(turn: &mut Turn<'_>, args: &[&str]) {
    if turn.chat.has_archive(turn.me)
        && let Some(nick) = Nick::new(args[0])
    {
        turn.effects.push(Effect::LoginFailed(turn.me, nick));
    }
}

/// The password and nick in `args`, if there is such an account and the password is possible.
fn credentials(turn: &Turn<'_>, args: &[&str]) -> Result<(Password, Nick), Refusal> {
    let password = Password::new(args[1]).ok_or(Refusal::WrongPassword)?;
    let account = Nick::new(args[0]).and_then(|nick| turn.chat.registry.account(nick));
    let account = account.ok_or_else(|| Refusal::NotRegistered(Text::new(args[0])))?;
    Ok((password, account.nick))
}

pub(super) fn password(turn: &mut Turn<'_>, args: &[&str]) -> Result<(), Refusal> {
    warn_of_listeners(turn)?;
    let login = turn.me().login.ok_or(Refusal::NotLoggedIn)?;
    let account = *turn.chat.registry.account(login).ok_or(Refusal::NotLoggedIn)?;
    let password = Password::chosen(args[0]).ok_or(Refusal::NotANewPassword)?;
    let from = turn.me().address();
    turn.chat.authentication.begin_password(turn.me, from)?;
    authenticate(turn, AuthRequest::SetPassword(account.nick, account.password, password));
    Ok(())
}

/// Warns if the connection is not encrypted; fails if the server has no accounts.
fn warn_of_listeners(turn: &mut Turn<'_>) -> Result<(), Refusal> {
    if !turn.me().encrypted {
        turn.notice(
            "this connection is not encrypted: others on the network can read the password",
        );
    }
    if !turn.chat.has_archive(turn.me) {
        return Err(Refusal::NoAccounts);
    }
    Ok(())
}

fn authenticate(turn: &mut Turn<'_>, request: AuthRequest) {
    turn.effects.push(Effect::Authenticate(turn.me, request));
}
