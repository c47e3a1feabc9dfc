// Rooms that people own: roles, settings, and invitations.

import { addLine, noticed, showRanks } from "./log.js";
import { awaited, post } from "./outbox.js";
import { $, make, me, name } from "./page.js";
import { place, places } from "./places.js";
import { showPeople, showRooms } from "./lists.js";
import { showHeading } from "./view.js";

/** What a setting means to people, and what is typed for its value; without that it is on or off. */
const WORDS = {
  "invite-only": ["Only who is invited enters"],
  key: ["Key that is needed to enter", "a word"],
  hidden: ["Not shown to others"],
  moderated: ["Only operators and voices speak"],
  "topic-lock": ["Only operators set the topic"],
  limit: ["Most people", "a number"],
  outside: ["Others may say a line to it"],
  ctcp: ["IRC clients may send CTCP"],
  slow: ["Seconds between two lines of a person", "a number"],
};

const roleOf = ({ operators, voices }) =>
  new Map([...voices.map((nick) => [nick, "voice"]), ...operators.map((nick) => [nick, "operator"])]);

export const handlers = {
  room({ room, settings, owner, operators, voices, you }) {
    if (!places.has(room)) return;
    Object.assign(place(room), { settings, owner, you, roles: roleOf({ operators, voices }) });
    shown(room);
    if (awaited.room) openSettings();
    awaited.room = false;
  },
  role({ room, nick, role, on, by }) {
    if (!places.has(room)) return;
    const at = place(room);
    if (on) at.roles.set(nick, role);
    else if (at.roles.get(nick) === role) at.roles.delete(nick);
    if (nick === me.nick) at.you = at.roles.get(nick) ?? null;
    const words = by ? [name(by), on ? " gave " : " took ", ...(on ? [name(nick), ` ${role}`] : [`${role} from `, name(nick)])]
      : [name(nick), ` ${role === "operator" ? "is an operator" : "has a voice"} again`];
    addLine("role", words, { room });
    shown(room);
  },
  invited({ room, by }) {
    const join = make("button", { type: "button", className: "join", onclick: () => me.show(room) }, `Join ${room}`);
    const line = addLine("invited", [name(by), ` invites you to ${room}. `, join], { room: "" });
    noticed(true, me.room, by, `invites you to ${room}`, line);
  },
  kicked({ room, by, why }) {
    addLine("kicked", ["You were kicked from ", room, " by ", name(by), why ? `: ${why}` : ""], { room: "" });
    me.gone(room);
  },
};

function shown(room) {
  if (room === me.room) showPeople();
  showRanks();
  showHeading();
  showRooms();
  if ($("settings").open) fill();
}

/** Whether the user may change things in the current room. */
export const isOperator = () => place(me.room).you === "operator";

function openSettings() {
  fill();
  if (!$("settings").open) $("settings").showModal();
}

function fill() {
  const { settings = {}, owner, roles = new Map() } = place(me.room);
  $("settings-title").textContent = `Settings of ${me.room}`;
  const having = (role) => [...roles].filter(([, one]) => one === role).map(([nick]) => nick).join(", ");
  const people = [owner && `kept for ${owner}`, having("operator") && `operators ${having("operator")}`, having("voice") && `voices ${having("voice")}`];
  $("settings-people").textContent = people.filter(Boolean).join("; ") || "Nobody keeps order here.";
  $("settings-list").replaceChildren(...Object.entries(settings).map(([key, value]) => field(key, value)));
  $("keep").hidden = !isOperator();
  $("keep").textContent = owner ? "Keep it no longer" : "Keep this room";
}

function field(key, value) {
  const [words, kind] = WORDS[key] ?? [key];
  const input = make("input", kind
    ? { type: "text", value: value === false ? "" : value === true ? "•••" : value, placeholder: "off", autocomplete: "off" }
    : { type: "checkbox", checked: value, role: "switch" }, );
  input.disabled = !isOperator();
  input.name = key;
  input.onchange = () => post([`/room ${key} ${kind ? input.value.trim() || "off" : input.checked ? "on" : "off"}`], me.room);
  return make("label", { className: "setting" }, ...(kind ? [make("span", {}, words), input] : [input, make("span", {}, words)]));
}

$("setup").onclick = () => {
  awaited.room = true;
  post(["/room"], me.room);
};
$("keep").onclick = () => post([`/room keep ${place(me.room).owner ? "off" : "on"}`], me.room);
