// The log, one child a message; and the title, which counts what was not looked at.

import { awaited } from "./link.js";
import { showPeople } from "./lists.js";
import { $, linked, make, me, name, people, tint } from "./page.js";

/** Lines kept in the log. */
const MAX_LINES = 1000;
/** What somebody says within this time belongs together. */
const BREATH = 5 * 60_000;
/** What never belongs together with the line above it. */
const LONELY = ["private", "found"];

const log = $("log");
/** The line that says where we came: what was said there before goes above it. */
let arrived;
let atBottom = true, top = 0, below = 0, unread = 0;
/** How large the log was when it was looked at last. */
let size = "";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const almanac = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/** Adds a line before `next`, or as the last. `ts` is the server's time; one without a room is shown in all. */
export function addLine(kind, words, { ts, nick = "", room = me.room, next = null } = {}) {
  const when = new Date(ts ?? Date.now());
  const time = make("time", { dateTime: when.toISOString() }, clock.format(when));
  const line = make("p", { data: { kind, room, nick, ts: ts ?? "", when: when.getTime() } }, time, " ");
  if (nick) tint(line, nick).append(name(nick), " ");
  line.append(make("span", { className: "text", dir: "auto" }, ...words));
  line.toggleAttribute("data-me", nick === me.nick);
  line.hidden = isElsewhere(line);
  log.insertBefore(line, next);
  place(line);
  if (log.childElementCount > MAX_LINES) log.firstElementChild.remove();
  if (!atBottom && !next && !line.hidden) showBelow(below + 1);
  requestAnimationFrame(() => atBottom && toBottom());
  return line;
}

/** Says where we came, in a line that stays below what was said there before. */
export function addArrival(kind, words) {
  arrived = addLine(kind, [words]);
}

/** Shows the lines of the room we are in now. */
export function showRoom() {
  hush();
  for (const line of log.children) line.hidden = isElsewhere(line);
  toBottom();
}

/** What appears in the log now is not new, so screen readers need not read it out. */
function hush() {
  log.setAttribute("aria-live", "off");
  setTimeout(() => log.setAttribute("aria-live", "polite"), 500);
}

const isElsewhere = ({ dataset: { room } }) => room !== "" && room !== me.room;

/** Marks what sets a line apart from the one above it: another day; or not: the same speaker. */
function place(line) {
  let above = line.previousElementSibling;
  while (above?.hidden) above = above.previousElementSibling;
  const { kind, nick, when } = line.dataset, day = calendar.format(when);
  const sameDay = above && calendar.format(above.dataset.when) === day;
  if (sameDay) delete line.dataset.day;
  else line.dataset.day = day;
  line.toggleAttribute("data-more", Boolean(sameDay && !LONELY.includes(kind) && kind === above.dataset.kind &&
    nick === above.dataset.nick && when - above.dataset.when < BREATH));
}

export function addSpeech({ t, room, nick, text, ts }) {
  const line = addLine(t, linked(text), { ts, nick, room });
  if (!people.has(nick)) {
    people.add(nick);
    showPeople();
  }
  // Lines come back in the order in which they were sent, though the server may have cleaned them.
  if (nick === me.nick) return void awaited.lines.splice(0, awaited.lines.indexOf(text) + 1 || 1);
  line.toggleAttribute("data-mention", new RegExp(`(?<![\\w-])${me.nick}(?![\\w-])`, "i").test(text));
  noticed();
}

/** Puts what was said earlier in its place; what the user asked for is shown. */
export function addHistory(room, messages) {
  hush();
  const lines = messages.map((message) => addPast(room, message)).filter(Boolean);
  if (arrived?.isConnected) place(arrived);
  if (awaited.history && lines.length) lines[0].scrollIntoView();
  else if (awaited.history) addLine("notice", ["these lines are already shown"]);
  awaited.history = false;
}

/** Shows lines of any rooms that were searched for: an answer, and no part of what was said here. */
export function addFound(messages) {
  for (const { t, room, nick, text, ts } of messages) {
    const label = make("span", { className: "label" }, `${room}, ${almanac.format(ts)}`);
    addLine("found", [label, " ", ...linked(text)], { ts, nick, room: "" }).toggleAttribute("data-emote", t === "emote");
  }
  toBottom();
}

/** Puts a line in its place, unless it is there already. */
function addPast(room, { t, nick = "", text, ts }) {
  const said = [...log.children].filter(({ dataset }) => dataset.room === room && dataset.ts);
  if (said.some((line) => Number(line.dataset.ts) === ts && line.dataset.nick === nick &&
    line.querySelector(".text").textContent === text)) return null;
  const next = said.find((line) => line.dataset.ts > ts) ?? (arrived?.isConnected ? arrived : null);
  return addLine(t, linked(text), { ts, nick, room, next });
}

/** While this is so, the browser must not keep in place what one sees, as it does while one reads further up. */
function setAtBottom(is) {
  atBottom = is;
  log.style.overflowAnchor = is ? "none" : "auto";
}

export function toBottom() {
  setAtBottom(true);
  log.scrollTop = log.scrollHeight;
  top = log.scrollTop;
  showBelow(0);
}

function showBelow(number) {
  below = number;
  $("new").hidden = !number;
  $("new").textContent = number === 1 ? "1 new message" : `${number} new messages`;
}

const isLookedAt = () => !document.hidden && document.hasFocus();

/** Somebody wrote: that counts until it is looked at. */
export function noticed() {
  if (isLookedAt()) return;
  unread += 1;
  showTitle();
}

export function looked() {
  if (!isLookedAt()) return;
  unread = 0;
  showTitle();
}

export function showTitle() {
  const title = [me.room, me.server].filter(Boolean).join(" · ") || "chatd";
  document.title = unread ? `(${unread}) ${title}` : title;
}

const sizeNow = () => `${log.clientWidth}x${log.clientHeight}`;

log.onscroll = () => {
  // What another size moves is nobody's wish.
  if (sizeNow() !== size) return;
  // Only going up leaves the bottom: lines that came meanwhile put it further down, too.
  const isNear = log.scrollHeight - log.scrollTop - log.clientHeight < 48;
  if (isNear || log.scrollTop < top) setAtBottom(isNear);
  if (isNear) showBelow(0);
  top = log.scrollTop;
};
new ResizeObserver(() => {
  size = sizeNow();
  top = log.scrollTop;
  if (atBottom) toBottom();
}).observe(log);

// It hides, and cannot keep the focus.
$("new").onclick = () => {
  toBottom();
  log.focus();
};
window.onfocus = looked;
