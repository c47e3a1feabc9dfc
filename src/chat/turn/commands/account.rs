//! Commands with a password. The password itself is not here, but kept for the store.

use crate::chat::effect::Effect;
use crate::chat::model::{Account, AuthClaim, AuthCommand, Nick, TypedPassword};
use crate::chat::refusal::Refusal;
use crate::chat::turn::view::Turn;
use crate::text::Text;

/// Has what the client asks for checked or stored, if the command is in order.
pub(super) fn authenticate(
    turn: &mut Turn<'_>,
    command: &AuthCommand,
    password: TypedPassword,
) -> Result<(), Refusal> {
    if password == TypedPassword::Garbled {
        if let AuthCommand::Login(name) | AuthCommand::Oper(name) = command {
            note_failed_login(turn, name);
        }
        return Err(Refusal::GarbledPassword);
    }
    warn_of_listeners(turn)?;
    let is_acceptable = password == TypedPassword::Acceptable;
    let claim = match command {
        AuthCommand::Register => register(turn, is_acceptable),
        AuthCommand::Login(name) => login(turn, name, is_acceptable),
        AuthCommand::SetPassword => set_password(turn, is_acceptable),
        AuthCommand::Oper(name) => login(turn, name, is_acceptable),
    }?;
    turn.me_mut().wants_rights = matches!(command, AuthCommand::Oper(_));
    turn.effects.push(Effect::Authenticate(turn.me, claim));
    Ok(())
}

fn register(turn: &mut Turn<'_>, is_acceptable: bool) -> Result<AuthClaim, Refusal> {
    turn.needs_others()?;
    let nick = turn.me().nick;
    if nick.is_guest() {
        return Err(Refusal::Guest);
    }
    check(is_acceptable, Refusal::NotAPassword)?;
    // Otherwise a muted client, or a guest in a lockdown, could speak after registering.
    turn.may_speak()?;
    if let Some(account) = turn.chat.registry.account(nick) {
        return Err(Refusal::Registered(account.nick));
    }
    let from = turn.me().address();
    turn.chat.authentication.begin_registration(turn.now.uptime, turn.me, from)?;
    Ok(AuthClaim::Register(nick, turn.now.moment))
}

fn login(turn: &mut Turn<'_>, name: &Text, is_acceptable: bool) -> Result<AuthClaim, Refusal> {
    let account = check(is_acceptable, Refusal::WrongPassword).and_then(|()| owner(turn, name));
    let nick = account.inspect_err(|_| note_failed_login(turn, name))?.nick;
    turn.check_not_banned(nick)?;
    let from = turn.me().address();
    let begun = turn.chat.authentication.begin_login(turn.now.uptime, turn.me, from);
    if let Err(Refusal::LoginsFailed(_)) = begun {
        note_failed_login(turn, name);
    }
    begun?;
    Ok(AuthClaim::Login(nick, turn.now.moment))
}

fn set_password(turn: &mut Turn<'_>, is_acceptable: bool) -> Result<AuthClaim, Refusal> {
    turn.needs_others()?;
    let login = turn.me().login.ok_or(Refusal::NotLoggedIn)?;
    let account = *turn.chat.registry.account(login).ok_or(Refusal::NotLoggedIn)?;
    check(is_acceptable, Refusal::NotANewPassword)?;
    let from = turn.me().address();
    turn.chat.authentication.begin_password(turn.me, from)?;
    Ok(AuthClaim::SetPassword(account.nick, account.password))
}

fn check(is_acceptable: bool, refusal: Refusal) -> Result<(), Refusal> {
    if is_acceptable { Ok(()) } else { Err(refusal) }
}

/// The account of that name.
fn owner(turn: &Turn<'_>, name: &Text) -> Result<Account, Refusal> {
    let account = Nick::new(name.as_str()).and_then(|nick| turn.chat.registry.account(nick));
    account.copied().ok_or_else(|| Refusal::NotRegistered(name.clone()))
}

/// Has a login logged whose password is not checked. Without accounts there is nothing to guess.
fn note_failed_login(turn: &mut Turn<'_>, name: &Text) {
    if turn.chat.has_archive(turn.me)
        && let Some(nick) = Nick::new(name.as_str())
    {
        turn.effects.push(Effect::LoginFailed(turn.me, nick));
    }
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
