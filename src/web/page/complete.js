// Completion: commands with their help, names and rooms, in a list above the input, and by Tab.

import { askForLists } from "./link.js";
import { $, counts, make, me } from "./page.js";
import { people, rooms } from "./places.js";

const input = $("input"), list = $("choices");
/** Most names and rooms in the list. */
const MAX_CHOICES = 8;

/** The commands that the user may use, as the server's help has them: `name`, `usage`, `help`. */
let commands = [];

/** Whether the user is an operator of the server, who may use this command. */
export const may = (name) => commands.some((command) => command.name === name);

/** Whether the name of a command is being typed. */
const isAsking = () => /^\/\w*$/.test(input.value);

/** Learns from the lines of the server's help. */
export function learn(lines) {
  commands = lines.map((line) => /^\/(\S+)(.*?) {2,}(.+)$/.exec(line)).filter(Boolean)
    .map(([, name, rest, help]) => ({ name, usage: `/${name}${rest}`, help }));
  if (document.activeElement === input && isAsking()) suggest();
}

const nicks = () => [...people()].filter((nick) => nick !== me.nick).sort((a, b) => a.localeCompare(b));
const allRooms = () => [...new Set([...rooms(), ...counts.keys()])].sort();
const begins = (word) => (one) => one.toLowerCase().startsWith(word.toLowerCase());
const TO_PERSON = /^\/(?:msg|whois|ignore|unignore|invite|op|deop|voice|devoice|kick|mute|unmute|ban|forget)\s+([\w-]*)$/i;

/** What fits what is typed before the cursor: where it begins, and what may be there instead. */
function fitting(typed) {
  const plain = (words, word) => words.filter(begins(word)).slice(0, MAX_CHOICES).map((text) => ({ text }));
  const [, command] = /^\/(\w*)$/.exec(typed) ?? [];
  if (command !== undefined) {
    return [0, commands.filter(({ name }) => begins(command)(name)).map(({ name, usage, help }) => ({ text: `/${name}`, usage, help }))];
  }
  const [, room] = /^\/(?:join|who)\s+#?([\w-]*)$/i.exec(typed) ?? /(?:^|\s)#([\w-]+)$/.exec(typed) ?? [];
  if (room !== undefined) return [typed.length - room.length, plain(allRooms(), room)];
  const [, nick] = TO_PERSON.exec(typed) ?? /(?:^|\s)@([\w-]+)$/.exec(typed) ?? [];
  if (nick !== undefined) return [typed.length - nick.length, plain(nicks(), nick)];
  return [0, []];
}

/** What is in the list, and where it goes; `null` if none is shown. */
let shown = null;

/** Shows what could be meant by what was just typed. */
export function suggest() {
  // Most people who connect never need them.
  if (!commands.length && isAsking()) askForLists("/help");
  const end = input.selectionEnd, [from, choices] = fitting(input.value.slice(0, end));
  const isAll = choices.length === 1 && choices[0].text === input.value.slice(from, end) && !choices[0].help;
  if (!choices.length || isAll || input.selectionStart !== end) return hide();
  shown = { from, end, choices, at: -1 };
  list.replaceChildren(...choices.map(({ text, usage, help }, number) =>
    make("li", { role: "option", id: `choice-${number}`, ariaSelected: "false" }, make("b", {}, usage ?? text), ...(help ? [make("span", {}, help)] : []))));
  list.hidden = false;
  list.scrollTop = 0;
  input.removeAttribute("aria-activedescendant");
}

export function hide() {
  if (!shown) return;
  shown = null;
  list.hidden = true;
  list.replaceChildren();
  input.removeAttribute("aria-activedescendant");
}

function moveTo(at) {
  const { length } = shown.choices;
  shown.at = (at + length) % length;
  [...list.children].forEach((item, number) => { item.ariaSelected = String(number === shown.at); });
  input.setAttribute("aria-activedescendant", `choice-${shown.at}`);
  list.children[shown.at].scrollIntoView({ block: "nearest" });
  return true;
}

function take(at) {
  const { from, end, choices } = shown;
  input.setRangeText(`${choices[at].text} `, from, end, "end");
  hide();
  input.dispatchEvent(new InputEvent("input", { bubbles: true }));
  return true;
}

/** What keys do while the list is shown; each returns whether it did something. */
const keys = {
  ArrowDown: () => moveTo(shown.at + 1),
  ArrowUp: () => moveTo(shown.at < 0 ? -1 : shown.at - 1),
  Tab: () => take(Math.max(shown.at, 0)),
  // Without a choice, what is typed is sent.
  Enter: () => shown.at >= 0 && take(shown.at),
  Escape: () => hide() ?? true,
};

/** Whether the key was for the list. */
export const pressed = (key) => Boolean(shown && Object.hasOwn(keys, key) && keys[key]());

list.onpointerdown = (event) => event.preventDefault();
list.onclick = ({ target }) => {
  const item = target.closest("li");
  if (item) take([...list.children].indexOf(item));
};
input.addEventListener("blur", hide);

/** The completion that the last Tab began: the next goes on through the names. */
let completion = null;
export const restart = () => { completion = null; };

/** Completes the name before the cursor. */
export function complete() {
  if (!completion) {
    const end = input.selectionStart;
    const [, before, start] = /^(.*?)([\w-]+)$/s.exec(input.value.slice(0, end)) ?? [];
    const found = start ? nicks().filter(begins(start)) : [];
    if (!found.length) return false;
    completion = { found, turn: 0, from: before.length, end, after: before ? " " : ": " };
  }
  const { found, turn, from, end, after } = completion;
  const name = found[turn % found.length] + after;
  input.setRangeText(name, from, end, "end");
  Object.assign(completion, { turn: turn + 1, end: from + name.length });
  return true;
}
