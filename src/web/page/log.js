// The log, with one child per message; and the title, which counts unread messages.

import { askForLists } from "./link.js";
import { fence, written } from "./code.js";
import { linked } from "./links.js";
import { showPeople, showRooms } from "./lists.js";
import { mark, notify } from "./mention.js";
import { awaited, cameBack } from "./outbox.js";
import { clock, clockOf } from "./preferences.js";
import { $, make, me, name, tint, wanted } from "./page.js";
import { isRoom, isTalk, keepRead, lastRead, place, places, staff } from "./places.js";

/** Lines kept in the log, and while older ones are read. */
const MAX_LINES = 1000, MAX_READ = 4000;
/** Most lines asked for at once; an answer has at most 64 KiB. */
const MAX_OLDER = 1600;
/** Lines of one speaker within this time, in milliseconds, are grouped. */
const BREATH = 5 * 60_000;
/** Kinds of lines that are never grouped. */
const LONELY = ["private", "found"];

const log = $("log"), icon = $("icon").href;
let atBottom = true, top = 0, below = 0, unread = 0, mentions = 0;
/** The size of the log at the last resize. */
let size = "";

const calendar = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });
const oldCalendar = new Intl.DateTimeFormat(undefined, { dateStyle: "full" });
const almanac = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });

/**
 * Adds a line before `next`, or at the end. `ts` is the server's time. A line without a room shows
 * in all rooms; one with `other` shows in the conversation with that person, too.
 */
export function addLine(kind, words, { id = "", ts, nick = "", room = me.room, other, next = null } = {}) {
  // Answers are shown where the user asked.
  if (other === undefined && !nick && room === me.room && isTalk(me.view)) other = me.view.slice(1);
  const when = new Date(ts ?? Date.now());
  const time = make("time", { dateTime: when.toISOString() }, clockOf(when));
  const line = make("p", { data: { kind, room, nick, id, ts: ts ?? "", when: when.getTime(), with: other ?? "" } }, time, " ");
  if (nick) tint(line, nick).append(name(nick), " ");
  line.append(make("span", { className: "text", dir: "auto" }, ...words));
  line.toggleAttribute("data-me", nick === me.nick);
  if (nick) showRank(line);
  line.hidden = isElsewhere(line);
  log.insertBefore(line, next);
  arrange(line);
  if (log.childElementCount > (atBottom ? MAX_LINES : MAX_READ)) log.firstElementChild.remove();
  if (!atBottom && !next && !line.hidden) showBelow(below + 1);
  requestAnimationFrame(() => atBottom && toBottom());
  return line;
}

/** Marks the lines that name the user, who has a new name. Those that named the old one stay marked. */
export function markAgain() {
  for (const line of log.children) {
    const { kind, nick } = line.dataset;
    line.toggleAttribute("data-me", nick === me.nick);
    if (nick && kind !== "private" && !line.classList.contains("mention")) mark(line, nick, line.lastChild.textContent);
  }
}

/** Marks a line of somebody who keeps order: in the room, or on the server. */
function showRank(line) {
  const { kind, room, nick } = line.dataset;
  // What was found may come from another room.
  line.dataset.role = (kind !== "found" && places.get(room)?.roles.get(nick)) || "";
  line.toggleAttribute("data-staff", staff.has(nick));
}

/** The same for all lines, because somebody's rank has changed. */
export function showRanks() {
  for (const line of log.children) if (line.dataset.nick) showRank(line);
}

/** Adds the line that announces our arrival in a room; the history of the room goes above it. */
export function addArrival(kind, room, words) {
  place(room).isFresh = true;
  place(room).arrived = addLine(kind, [words], { room });
}

/** Shows the lines of the current place only. */
export function showPlace() {
  hush();
  for (const line of log.children) line.hidden = isElsewhere(line);
  for (const line of log.children) if (!line.hidden) arrange(line);
  toBottom();
}

/** Keeps screen readers from reading out old lines that appear now. */
function hush() {
  log.setAttribute("aria-live", "off");
  setTimeout(() => log.setAttribute("aria-live", "polite"), 500);
}

function isElsewhere({ dataset: { kind, room, with: other } }) {
  const isFound = kind === "found", isSearch = !isRoom(me.view) && !isTalk(me.view);
  if (isFound || isSearch) return isFound !== isSearch;
  return isTalk(me.view) ? `@${other}` !== me.view : room !== "" && room !== me.room;
}

/** Marks the first line of a day, and a line that is grouped with the one above it. */
function arrange(line) {
  let above = line.previousElementSibling;
  while (above?.hidden) above = above.previousElementSibling;
  const { kind, nick, when } = line.dataset, day = dayOf(when);
  const sameDay = above && dayOf(above.dataset.when) === day;
  if (sameDay) delete line.dataset.day;
  else line.dataset.day = day;
  line.toggleAttribute("data-more", Boolean(sameDay && !LONELY.includes(kind) && kind === above.dataset.kind &&
    nick === above.dataset.nick && when - above.dataset.when < BREATH));
  fence(line, BREATH);
}

/** With the year, unless it is this one. */
function dayOf(when) {
  const date = new Date(Number(when));
  return (date.getFullYear() === new Date().getFullYear() ? calendar : oldCalendar).format(date);
}

export function addSpeech({ t, id, room, nick, text, ts }) {
  const line = addLine(t, written(text), { id, ts, nick, room });
  const { people } = place(room);
  place(room).isFresh = false;
  if (!people.has(nick)) {
    people.add(nick);
    showPeople();
  }
  if (nick === me.nick) return cameBack(text);
  noticed(mark(line, nick, text), room, nick, text, line);
}

/**
 * Inserts history where it belongs, and scrolls to it if the user asked for it. `isCut`: lines may
 * be missing between it and what follows.
 */
export function addHistory(room, messages, isCut = false) {
  hush();
  const { arrived } = place(room), first = log.firstElementChild, offset = first?.offsetTop;
  const lines = [];
  // Each goes before the one that follows it: several may have been said within a millisecond.
  let next = null;
  closeGaps(room, messages);
  for (const message of [...messages].reverse()) {
    const known = findPast(room, message);
    next = known ?? addPast(room, message, next ?? firstAfter(room, message.ts) ?? arrived);
    if (!known) lines.unshift(next);
  }
  if (isCut && lines.length) addGap(room, lines.at(-1));
  lines.forEach(arrange);
  if (lines.length && lines.at(-1).nextElementSibling) arrange(lines.at(-1).nextElementSibling);
  if (arrived?.isConnected) arrange(arrived);
  if (!atBottom && !awaited.history && lines.length && first?.isConnected) log.scrollTop += first.offsetTop - offset;
  if (awaited.history && lines.length) lines[0].scrollIntoView();
  else if (awaited.history) addLine("notice", ["these lines are already shown"]);
  awaited.history = false;
  if (place(room).isFresh) resume(room);
}

/** Marks what was not read in a room that the user comes back to. */
function resume(room) {
  const at = place(room), lines = saidIn(room), read = lines.findIndex(({ dataset }) => dataset.id === lastRead(room));
  at.isFresh = false;
  const isOthers = ({ dataset: { nick } }) => nick && ![me.nick, wanted.nick].includes(nick);
  const unread = read < 0 ? [] : lines.slice(read + 1).filter(isOthers);
  if (unread.length) setDivider(room, unread[0]);
  if (room === me.view) return;
  [at.unread, at.mentions] = [unread.length, unread.filter(({ dataset }) => "mention" in dataset).length];
  showRooms();
}

/** Remembers how far the user has read in the room that is shown. */
export function keepPlace() {
  if (!isRoom(me.view) || !places.has(me.view)) return;
  const { unread, first } = place(me.view), lines = saidIn(me.view).filter(({ dataset }) => dataset.id && dataset.kind !== "gap");
  const last = (unread && first ? lines.slice(0, Math.max(0, lines.indexOf(first))) : lines).at(-1);
  if (last) keepRead(me.view, last.dataset.id);
}
addEventListener("pagehide", keepPlace);
addEventListener("visibilitychange", keepPlace);

/** Tells that lines are missing after this one, unless what follows was said here, too. */
function addGap(room, line) {
  const { id, ts } = line.dataset;
  const show = make("button", { type: "button", className: "label" }, "Show them");
  const gap = addLine("gap", ["Lines are left out here. ", show], { id: `gap ${id}`, ts: Number(ts), room, next: line.nextElementSibling });
  show.onclick = () => me.fill(room, id, gap);
}

/** The history from the first of these lines on is shown: nothing of it is left out any more. */
function closeGaps(room, [first]) {
  for (const line of saidIn(room)) if (line.dataset.kind === "gap" && first && Number(line.dataset.ts) >= first.ts) line.remove();
}

/** Scrolls to a line and marks it; without one, only leaves the bottom, so that old lines may come. */
export function reveal(line) {
  log.querySelector(".sought")?.classList.remove("sought");
  setAtBottom(false);
  line?.classList.add("sought");
  line?.scrollIntoView({ block: "center" });
}

export const dropFound = () => log.querySelectorAll("[data-kind=found]").forEach((line) => line.remove());

/** Adds the result of a search, from any rooms; it is not part of this room's history. */
export function addFound(messages) {
  for (const message of messages) {
    const { t, room, nick, text, ts } = message;
    const label = make("button", { type: "button", className: "label", title: `Show it in ${room}`, onclick: () => me.leadTo(message) }, `${room}, ${almanac.format(ts)}`);
    const line = addLine("found", [label, " ", ...written(text)], { ts, nick });
    line.toggleAttribute("data-emote", t === "emote");
    mark(line, nick, text);
  }
}

const saidIn = (room) => [...log.children].filter(({ dataset }) => dataset.room === room && dataset.ts);

/** The line that shows this message already. */
export function findPast(room, { id, nick = "", text, ts }) {
  // Older servers did not name their lines.
  return saidIn(room).find((line) => id ? line.dataset.id === id : Number(line.dataset.ts) === ts && line.dataset.nick === nick &&
    line.querySelector(".text").textContent === text);
}

const firstAfter = (room, ts) => saidIn(room).find((line) => Number(line.dataset.ts) > ts);

/** Inserts an old line before another. */
function addPast(room, { t, id, nick = "", text, ts }, next) {
  const line = addLine(t, nick ? written(text) : linked(text), { id, ts, nick, room, next: next?.isConnected ? next : null });
  mark(line, nick, nick ? text : "");
  return line;
}

/** At the bottom, the browser's scroll anchoring must be off; further up, it keeps the view in place. */
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

/** Counts an unread message of somebody, which may name the user. */
export function noticed(isMention, name, nick, text, line) {
  const isSeen = isLookedAt() && (name === me.view || (isTalk(name) && isRoom(me.view)));
  if (isSeen) return;
  const at = place(name);
  if (!at.unread) setDivider(name, line);
  at.unread += 1;
  at.mentions += isMention ? 1 : 0;
  showRooms();
  if (isLookedAt()) return;
  unread += 1;
  mentions += isMention ? 1 : 0;
  if (isMention) notify(name, nick, text);
  showTitle();
}

/** Marks the line from which on a place was not read. */
export function setDivider(name, line) {
  const at = places.get(name);
  at?.first?.removeAttribute("data-first");
  line?.setAttribute("data-first", "");
  if (at) at.first = line;
}

export function looked() {
  if (!isLookedAt()) return;
  [unread, mentions] = [0, 0];
  for (const name of isRoom(me.view) ? [me.view, ...[...places.keys()].filter(isTalk)] : [me.view]) {
    const at = places.get(name);
    if (at) [at.unread, at.mentions] = [0, 0];
  }
  showRooms();
  showTitle();
}

export function showTitle() {
  const title = [me.room, me.server].filter(Boolean).join(" · ") || "chatd";
  const count = mentions ? `(${mentions}!) ` : unread ? `(${unread}) ` : "";
  document.title = count + title;
  $("icon").href = unread ? $("icon").dataset.news : icon;
}

const sizeNow = () => `${log.clientWidth}x${log.clientHeight}`;

log.onscroll = () => {
  // A resize scrolls, too, but not by the user.
  if (sizeNow() !== size) return;
  // Only scrolling up leaves the bottom, because new lines also move the bottom away.
  const isNear = log.scrollHeight - log.scrollTop - log.clientHeight < 48;
  if (isNear || log.scrollTop < top) setAtBottom(isNear);
  if (isNear) showBelow(0);
  top = log.scrollTop;
  if (top < 200 && !isNear) readOlder();
};

let asked = 0;

/** Asks for older lines than those that are shown. */
function readOlder() {
  if (!isRoom(me.view) || Date.now() - asked < 1_000) return;
  const at = place(me.room);
  if (at.older > MAX_OLDER || !askForLists(`/history ${at.older}`)) return;
  asked = Date.now();
  at.older *= 2;
}
new ResizeObserver(() => {
  size = sizeNow();
  top = log.scrollTop;
  if (atBottom) toBottom();
}).observe(log);

/** One line a message, as on the text wire. */
function copied({ dataset: { kind, nick, when, emote }, lastChild: text }) {
  const time = clock.format(Number(when)), words = text.textContent;
  if (!nick) return `[${time}] -- ${words}`;
  const isAction = kind === "emote" || emote !== undefined;
  return `[${time}] ${isAction ? `* ${nick} ${words}` : `<${nick}> ${words}`}`;
}

log.addEventListener("copy", (event) => {
  const selection = getSelection();
  if (selection.isCollapsed) return;
  const lines = [...log.children].filter((line) => !line.hidden && selection.containsNode(line, true));
  const isPart = lines.length === 1 && lines[0].querySelector(".text").contains(selection.anchorNode) &&
    lines[0].querySelector(".text").contains(selection.focusNode);
  if (!lines.length || isPart) return;
  event.clipboardData.setData("text/plain", lines.map(copied).join("\n"));
  event.preventDefault();
});

// The button hides itself and would lose the focus.
$("new").onclick = () => {
  toBottom();
  log.focus();
};
window.onfocus = looked;
