// The account that the user logged in to, so that the next connection can log in again. It is in
// memory only, and nothing shows the password.

let account = null;
/** The password typed last; it may be wrong. */
let typed = null;
/** Whether the page itself sent /login, and waits for the answer. */
let asked = false;

/** Learns from a line that the user sends. */
export function heed(line) {
  typed = /^\s*\/(?:login\s+\S+|register|password)\s+(.*\S)/i.exec(line)?.[1] ?? typed;
}

/** The login to send first on a new connection, if there is an account. */
export function begin() {
  typed = null;
  asked = Boolean(account);
  return account && `/login ${account.nick} ${account.password}`;
}

export const nick = () => account?.nick;

/** Learns from a message of the server. Returns "in", "out" or milliseconds to wait if it answers `begin`. */
export function judge({ t, text }) {
  const [, changed] = (t === "notice" && /^the password of (\S+) is changed$/.exec(text)) || [];
  if (changed && typed !== null) {
    account = { nick: changed, password: typed };
    typed = null;
  }
  const [, one, other] = (t === "notice" && /^(?:you are logged in as (\S+)|(\S+) is yours now; .*)$/.exec(text)) || [];
  if (one || other) {
    if (typed !== null) account = { nick: one ?? other, password: typed };
    typed = null;
    return answered("in");
  }
  if (t === "notice" && (/^you are logged out/.test(text) || text === `${account?.nick} has logged in`)) account = null;
  if (t !== "refused" || !asked) return null;
  const [later, minutes, seconds] =
    /^(?:busy; try again|too many failed logins; try again in (?:(\d+)m)? ?(?:(\d+)s)?)$/.exec(text) ?? [];
  if (later === undefined) return answered("out");
  return answered((Number(minutes ?? 0) * 60 + Number(seconds ?? 0)) * 1000 || 1000);
}

function answered(answer) {
  const was = asked;
  asked = false;
  return was ? answer : null;
}
