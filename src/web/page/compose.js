// What an input of several lines means. It is one unit: it goes to one place as a whole, or not at
// all, and only what was typed first can be a command.

/** Something that shows: the server takes a line without it for an empty one. */
const SHOWN = /[^\s\u2800\p{Default_Ignorable_Code_Point}]/u;
/** A line that the server takes for a command, in its parts: blanks, name, and arguments. */
const COMMAND = /^([\s\u2800\p{Default_Ignorable_Code_Point}]*)\/([^\s/]*)(.*)$/su;
/** A line with a password, as the server finds it. */
const SECRET = /^\s*\/(?:login\s+\S+|register|password)\s+\S/i;
/** Longest line in bytes; the server ends the connection of a client that sends a longer one. */
const MAX_LINE = 60_000;

/** Also if the slash or the letters are some that only look like them: the server refuses that. */
export const hasSecret = (text) => SECRET.test(text.normalize("NFKC").replace(/^(\s*)[\\\u2044\u2215\u29f8]/, "$1/"));

/** The name of the command that a line is, in lower case; "" if it is none. */
export const commandOf = (line) => (line.startsWith("//") ? "" : (COMMAND.exec(line)?.[2] ?? "").toLowerCase());

/** A line that is said as it is, even if it looks like a command. */
const quoted = (line) => line.replace(/^([\s\u2800\p{Default_Ignorable_Code_Point}]*)\//u, "$1//");

/** What is put before each line of a unit that begins so; `null` if the command takes one line. */
function addressOf(line) {
  const [, , name, rest] = COMMAND.exec(line);
  const pattern = { me: /^\s+/, reply: /^\s+/, msg: /^\s+\S+\s+/ }[name.toLowerCase()];
  const blanks = pattern?.exec(rest)?.[0];
  return blanks === undefined ? null : `/${name}${blanks}`;
}

/**
 * The lines that an input says, or the reason why it says none. `isPasted`: its beginning was
 * pasted together with other lines.
 */
export function compose(text, isPasted) {
  const lines = text.split(/\r\n?|\n/).filter((line) => SHOWN.test(line));
  const bytes = Math.max(...lines.map((line) => new TextEncoder().encode(line).length), 0);
  if (bytes > MAX_LINE) return { refused: `Not sent: a line of ${bytes} bytes is too long.` };
  if (isPasted) return { lines: lines.map(quoted) };
  const [first, ...more] = lines;
  if (!more.length) return { lines };
  const name = commandOf(first);
  if (!name && !/^\s*\/(?!\/)/.test(first)) return { lines: [first, ...more.map(quoted)] };
  const address = addressOf(first);
  if (address === null) return { refused: `Not sent: /${name} takes one line only.` };
  return { lines: [first, ...more.map((line) => address + line)].filter((line) => line.trim() !== address.trim()) };
}
