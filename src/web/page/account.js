// The account that the user logged in to, for the next connection to begin with. It is in memory
// only, and nothing shows the password.

let account = null;
/** A password that was typed, and may be wrong. */
let typed = null;
/** Whether the server was asked on the user's behalf, and did not answer yet. */
let asked = false;

/** Takes note of what the user says. */
export function heed(line) {
  typed = /^\s*\/(?:login\s+\S+|register|password)\s+(.*\S)/i.exec(line)?.[1] ?? typed;
}

/** What to say first on a new connection, if there is an account. */
export function begin() {
  typed = null;
  asked = Boolean(account);
  return account && `/login ${account.nick} ${account.password}`;
}

export const nick = () => account?.nick;

/** Learns from what the server says. The answer to `begin` is "in", "out" or milliseconds to wait. */
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
