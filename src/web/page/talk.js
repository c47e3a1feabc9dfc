// Handlers of the server's messages.

import { askForLists, askForName } from "./link.js";
import { linked } from "./links.js";
import { crowdChanged, showPeople, showRooms } from "./lists.js";
import { addArrival, addFound, addHistory, addLine, addSpeech, markAgain, noticed, showRoom, showTitle } from "./log.js";
import { mark } from "./mention.js";
import { awaited, confirmed, refused } from "./outbox.js";
import { $, make, me, name, people, rooms, tint, wantNick, wantRoom, wanted } from "./page.js";

/** Whether the page has come back and repeats what it showed when it came first. */
let returning = false;
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
  welcome({ server, nick, room }) {
    me.server = $("server").textContent = server;
    wanted.room ||= room;
    returning = $("log").childElementCount > 0;
    called(nick);
    entered(room);
    addArrival("welcome", $("log").childElementCount ? "Reconnected" : `Welcome to ${server}`);
  },
  said: addSpeech,
  emote: addSpeech,
  private({ id, from, to, text, ts }) {
    const label = from === me.nick ? ["to ", name(to)] : ["to you"];
    const words = [make("span", { className: "label" }, ...label), " ", ...linked(text)];
    const line = addLine("private", words, { id, ts, nick: from, room: "" });
    if (mark(line, from, text, true)) noticed(true, `@${from}`, from, text);
  },
  joined({ room, nick, here }) {
    if (nick === me.nick) {
      wantRoom(room);
      entered(room);
      addArrival("joined", `You are now in ${room}`);
      askForLists("/rooms");
    } else {
      addLine("joined", [name(nick), " joined"], { room });
      people.add(nick);
    }
    counted(room, here);
  },
  left({ room, nick, reason, here }) {
    addLine("left", [name(nick), ` left: ${reason}`], { room });
    people.delete(nick);
    const to = /^moved to (\S+)$/.exec(reason)?.[1];
    if (to && !rooms.has(to)) rooms.set(to, null);
    // The holder of our name left: often it was our own broken connection.
    if (!to && nick === wanted.nick) askForName();
    counted(room, here);
  },
  renamed({ room, from, to }) {
    if (people.delete(from)) people.add(to);
    const mine = from === me.nick;
    if (mine) {
      wantNick(to);
      called(to);
    }
    addLine("renamed", mine ? ["You are now ", name(to)] : [name(from), " is now ", name(to)], { room });
    showPeople();
  },
  topic({ room, nick, text }) {
    $("topic").replaceChildren(...linked(text ?? ""));
    $("topic").title = text ?? "";
    const who = nick ? [name(nick), " set the topic: "] : ["The topic is: "];
    const none = nick ? [name(nick), " cleared the topic"] : ["No topic is set"];
    if (!isRepeated(`topic ${room} ${text}`)) addLine("topic", text === null ? none : [...who, ...linked(text)], { room });
  },
  people({ room, nicks, here }) {
    if (room === me.room) {
      people.clear();
      nicks.forEach((nick) => people.add(nick));
    }
    const names = nicks.flatMap((nick) => [", ", name(nick)]).slice(1);
    if (awaited.people) addLine("people", [`${room} (${here} here): `, ...names]);
    awaited.people = false;
    counted(room, here);
  },
  history: ({ room, messages }) => addHistory(room, messages),
  found: ({ messages }) => addFound(messages),
  notice({ text }) {
    const list = awaited.pongs[0];
    if (text === "pong" && awaited.pongs.shift()) {
      returning = false;
      return typeof list === "number" ? confirmed(list) : listed(list);
    }
    const [, room, here] = /^([a-z][\w-]*) \((\d+) here\)/.exec(text) ?? [];
    if (list instanceof Map && room) return list.set(room, Number(here));
    const crowd = /^\d+ (?:joined|left).* \((\d+) here\)$/.exec(text);
    if (crowd) {
      counted(me.room, Number(crowd[1]));
      crowdChanged();
    }
    if (!isRepeated(`notice ${text}`)) addLine("notice", linked(text));
  },
  refused({ text }) {
    addLine("refused", linked(text));
    if (/^did you mean /.test(text)) me.forgetLast();
    const line = refused(text);
    if (line !== undefined) me.giveBack([line]);
  },
  bye: ({ text }) => addLine("bye", [text]),
};

function called(nick) {
  me.nick = nick;
  markAgain();
  tint($("nick"), nick).textContent = $("nick").value = nick;
}

function entered(room) {
  me.room = $("room").textContent = room;
  $("topic").textContent = $("topic").title = "";
  $("input").placeholder = `Message ${room}`;
  people.clear();
  showRoom();
  showRooms();
  showTitle();
}

function counted(room, here) {
  rooms.set(room, here);
  if (room === me.room) $("here").textContent = here;
  showRooms();
  showPeople();
}

/** Applies the answer to `/rooms`, if it was asked. */
function listed(counts) {
  if (!counts.size) return;
  rooms.clear();
  counts.forEach((here, room) => rooms.set(room, here));
  showRooms();
}
