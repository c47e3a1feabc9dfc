// Handlers of the server's messages.

import { askForLists, askForName, awaited } from "./link.js";
import { crowdChanged, showPeople, showRooms } from "./lists.js";
import { addArrival, addFound, addHistory, addLine, addSpeech, noticed, showRoom, showTitle } from "./log.js";
import { $, linked, make, me, name, people, rooms, tint, wantNick, wantRoom, wanted } from "./page.js";

/** By the `t` of a message. */
export const handlers = {
  welcome({ server, nick, room }) {
    me.server = $("server").textContent = server;
    wanted.room ||= room;
    called(nick);
    entered(room);
    addArrival("welcome", $("log").childElementCount ? "Reconnected" : `Welcome to ${server}`);
  },
  said: addSpeech,
  emote: addSpeech,
  private({ from, to, text, ts }) {
    const label = from === me.nick ? ["to ", name(to)] : ["to you"];
    addLine("private", [make("span", { className: "label" }, ...label), " ", ...linked(text)], { ts, nick: from, room: "" });
    if (from !== me.nick) noticed();
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
    addLine("topic", text === null ? ["No topic is set"] : [...who, ...linked(text)], { room });
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
    if (text === "pong" && awaited.pongs.shift()) return listed(list);
    const [, room, here] = /^([a-z][\w-]*) \((\d+) here\)/.exec(text) ?? [];
    if (list && room) return list.set(room, Number(here));
    const crowd = /^\d+ (?:joined|left).* \((\d+) here\)$/.exec(text);
    if (crowd) {
      counted(me.room, Number(crowd[1]));
      crowdChanged();
    }
    if (/^echo is o/.test(text)) [awaited.echo, awaited.lines] = [text === "echo is on", []];
    addLine("notice", linked(text));
  },
  refused({ text }) {
    if (/^too long/.test(text)) awaited.lines.shift();
    addLine("refused", linked(text));
  },
  bye: ({ text }) => addLine("bye", [text]),
};

function called(nick) {
  me.nick = nick;
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
