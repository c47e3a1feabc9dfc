// Handlers of the server's messages.

import { askForLists, askForName, link } from "./link.js";
import { written } from "./code.js";
import { learn } from "./complete.js";
import { linked } from "./links.js";
import { crowdChanged, showPeople, showRooms } from "./lists.js";
import { addArrival, addHistory, addLine, addSpeech, markAgain, noticed, showRanks, showTitle } from "./log.js";
import { mark } from "./mention.js";
import { named, refused as nameRefused } from "./naming.js";
import { awaited, cameBack, confirmed, refused } from "./outbox.js";
import { $, counts, make, me, name, tint, wantNick, wanted } from "./page.js";
import { handlers as ofRooms } from "./room.js";
import { ignored, place, places, rooms, staff, wantRooms } from "./places.js";
import { found, foundNothing } from "./search.js";
import { drop, inAddress, moveTo, show, showHeading } from "./view.js";

/** Whether the page has come back and repeats what it showed when it came first. */
let returning = false;
/** Whether the page is still on its way to the rooms where the user was. */
let isEntering = true;
/** The rooms that we entered on this connection. */
let inRooms = new Set();
/** What was shown of notices and topics. */
const shown = new Set();

/** Whether this was shown before the page came back. */
function isRepeated(what) {
  const was = shown.has(what);
  if (shown.size > 500) shown.clear();
  shown.add(what);
  return was && returning;
}

/** By the `t` of a message. */
export const handlers = {
  welcome({ server, nick, room, here }) {
    me.server = $("server").textContent = server;
    [isEntering, returning] = [true, $("log").childElementCount > 0];
    inRooms = new Set([room]);
    called(nick);
    staff.clear();
    place(room).people.clear();
    const target = wanted.room || room;
    if (!me.view) show(room);
    wanted.room = target;
    addArrival("welcome", room, returning ? "Reconnected" : `Welcome to ${server}`);
    counted(room, here);
  },
  said: addSpeech,
  emote: addSpeech,
  private({ id, from, to, text, ts }) {
    const label = from === me.nick ? ["to ", name(to)] : ["to you"];
    const words = [make("span", { className: "label" }, ...label), " ", ...written(text)];
    const other = from === me.nick ? to : from;
    place(`@${other}`);
    const line = addLine("private", words, { id, ts, nick: from, room: "", other });
    if (mark(line, from, text, true)) noticed(true, `@${other}`, from, text, line);
    else if (from === me.nick) cameBack(text);
    showRooms();
  },
  joined({ room, nick, here }) {
    if (nick === me.nick) return entered(room, here);
    // If this one is an operator of the server, the server says so next.
    if (staff.delete(nick)) showRanks();
    addLine("joined", [name(nick), " joined"], { room });
    place(room).people.add(nick);
    counted(room, here);
  },
  left({ room, nick, reason, here }) {
    if (nick === me.nick) return gone(room);
    addLine("left", [name(nick), ` left: ${reason}`], { room });
    place(room).people.delete(nick);
    if (staff.has(nick)) forgetStrangers();
    const to = /^moved to (\S+)$/.exec(reason)?.[1];
    if (to && !counts.has(to)) counts.set(to, null);
    // The holder of our name left: often it was our own broken connection.
    if (!to && nick === wanted.nick) askForName();
    counted(room, here);
  },
  renamed({ room, from, to }) {
    // Who shares several rooms with us is named for one of them.
    for (const at of rooms().map(place)) {
      if (at.people.delete(from)) at.people.add(to);
      if (at.roles.has(from)) at.roles.set(to, at.roles.get(from));
      at.roles.delete(from);
    }
    if (ignored.delete(from)) ignored.add(to);
    if (staff.delete(from)) staff.add(to);
    else staff.delete(to);
    showRanks();
    const mine = from === me.nick;
    if (mine) {
      wantNick(to);
      called(to);
    }
    addLine("renamed", mine ? ["You are now ", name(to)] : [name(from), " is now ", name(to)], { room });
    showPeople();
  },
  topic({ room, nick, text }) {
    place(room).topic = text;
    showHeading();
    const who = nick ? [name(nick), " set the topic: "] : ["The topic is: "];
    const none = nick ? [name(nick), " cleared the topic"] : ["No topic is set"];
    if (!isRepeated(`topic ${room} ${text}`)) addLine("topic", text === null ? none : [...who, ...linked(text)], { room });
  },
  people({ room, nicks, here, operators = [] }) {
    if (places.has(room)) place(room).people = new Set(nicks);
    nicks.forEach((nick) => operators.includes(nick) ? staff.add(nick) : staff.delete(nick));
    forgetStrangers();
    const names = nicks.flatMap((nick) => [", ", name(nick)]).slice(1);
    if (awaited.people) addLine("people", [`${room} (${here} here): `, ...names]);
    awaited.people = false;
    counted(room, here);
  },
  operator({ nick, on }) {
    if (on) staff.add(nick);
    else staff.delete(nick);
    showRanks();
    showPeople();
  },
  history: ({ room, messages }) => addHistory(room, messages),
  found: ({ messages }) => found(messages),
  notice({ text, room = me.room, nick }) {
    const list = awaited.pongs[0];
    if (text === "pong" && awaited.pongs.shift()) {
      arrivedAtLast();
      return typeof list === "number" ? confirmed(list) : listed(list);
    }
    const [, found, here] = /^([a-z][\w-]*) \((\d+) here\)/.exec(text) ?? [];
    if (list instanceof Map && found) return list.set(found, Number(here));
    if (list instanceof Map && isHelp(list, text)) return;
    if (text === "nothing was found") foundNothing();
    if (isOfIgnoring(text) && list instanceof Map) return;
    if (/^you are logged in as |^\S+ is yours now; /.test(text)) loggedIn();
    const crowd = /^\d+ (?:joined|left).* \((\d+) here\)$/.exec(text);
    if (crowd) {
      counted(room, Number(crowd[1]));
      crowdChanged(room);
    }
    if (isRepeated(`notice ${text}`)) return;
    const line = addLine("notice", linked(text), { room });
    if (nick) noticed(mark(line, nick, text), room, nick, text, line);
  },
  refused({ text, room = me.room }) {
    if (nameRefused(text)) return;
    if (awaited.pongs[0] instanceof Map && ignored.has(/^no one here is called (\S+)$/.exec(text)?.[1])) return;
    // A line that came too late for its room is refused where the user is now.
    addLine("refused", linked(text), { room: inRooms.has(room) ? room : me.room });
    const line = refused(text);
    if (line !== undefined) me.giveBack([line]);
  },
  bye: ({ text }) => addLine("bye", [text]),
  ...ofRooms,
};

/** Keeps the lines of an answer to `/help` that was asked for silently; returns whether this is one. */
function isHelp(list, text) {
  if (/^\/help \[COMMAND\] {2}/.test(text)) list.help = [];
  if (!list.help) return false;
  const isEnd = text.startsWith("Any other line");
  if (isEnd) learn(list.help);
  else list.help.push(text);
  if (isEnd) list.help = null;
  return true;
}

/** Learns whom the user ignores, who stays ignored after a reconnect; returns whether that is told. */
function isOfIgnoring(text) {
  const [, begins, nick] = /^you (are ignoring|no longer ignore) (\S+)$/.exec(text) ?? [];
  if (!nick) return false;
  if (begins === "are ignoring") ignored.add(nick);
  else ignored.delete(nick);
  showPeople();
  return true;
}

/** The account may be an operator's, with other commands. */
function loggedIn() {
  named(me.nick, true);
  askForLists("/help");
}

function called(nick) {
  me.nick = nick;
  named(nick);
  markAgain();
  tint($("nick"), nick).textContent = $("nick").value = nick;
}

/** All that was asked for on coming back is answered: what was refused is not wanted any more. */
function arrivedAtLast() {
  if (!isEntering) return;
  [isEntering, returning] = [false, false];
  for (const room of rooms()) if (!inRooms.has(room)) drop(room);
  if (!places.has(me.view)) show(rooms().at(-1));
  wantRooms();
  wanted.room = me.room;
  showRooms();
  showTitle();
}

/** We entered a room: because the user wanted to, or on coming back. */
function entered(room, here) {
  moveTo(room);
  inRooms.add(room);
  place(room).people.clear();
  place(room).topic = null;
  addArrival("joined", room, returning ? "Reconnected" : `You are now in ${room}`);
  wantRooms();
  // On coming back, only the room that was shown is shown again.
  if (!isEntering || room === wanted.room) show(room, !isEntering);
  counted(room, here);
  showHeading();
  if (!isEntering) askForLists("/rooms");
}

function gone(room) {
  if (!places.has(room)) return;
  inRooms.delete(room);
  drop(room);
  forgetStrangers();
  wantRooms();
  askForLists("/rooms");
}

me.gone = gone;

/** The server tells who is an operator only of people in our rooms: others may be called so by now. */
function forgetStrangers() {
  const isHere = (nick) => nick === me.nick || rooms().some((room) => place(room).people.has(nick));
  for (const nick of staff) if (!isHere(nick)) staff.delete(nick);
  showRanks();
}

function counted(room, here) {
  counts.set(room, here);
  if (places.has(room)) place(room).here = here;
  if (room === me.room) $("here").textContent = here;
  showRooms();
  showPeople();
}

/** Applies the answer to `/rooms`, if it was asked. */
function listed(found) {
  if (!found?.size) return;
  counts.clear();
  found.forEach((here, room) => counts.set(room, here));
  found.forEach((here, room) => places.has(room) && (place(room).here = here));
  showRooms();
}
