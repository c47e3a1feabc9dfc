// What is shown: a room or a conversation. It is in the address, so that it can be sent to somebody
// and gone back to.

import { link } from "./link.js";
import { linked } from "./links.js";
import { askWhoIsThere, showPeople, showRooms } from "./lists.js";
import { addLine, keepPlace, looked, setDivider, showPlace, showTitle } from "./log.js";
import { post } from "./outbox.js";
import { $, me, remember, wanted } from "./page.js";
import { isRoom, isTalk, place, places, rooms } from "./places.js";

/** The name of the view with what a search found. */
export const SEARCH = "?";

/** Called before and after another place is shown; and what is told above the results of a search. */
export const on = { leave() {}, arrive() {}, search: "" };

/** Shows a place that the user is in. `isNew`: it becomes an entry of the browser's history. */
export function show(name, isNew = false) {
  if (name === me.view) return showHeading();
  on.leave();
  keepPlace();
  setDivider(me.view, null);
  me.view = name;
  if (isRoom(name)) turnTo(name);
  const hash = `#${name}`;
  if (location.hash !== hash) history[isNew ? "pushState" : "replaceState"](null, "", hash);
  showHeading();
  showPlace();
  showRooms();
  showPeople();
  askWhoIsThere();
  looked();
  on.arrive();
}

/** Commands refer to this room from now on, and a reload of this tab comes back to it. */
function turnTo(room) {
  me.room = wanted.room = room;
  remember("sessionStorage", "room", room);
}

/** The name and the topic of the place. */
export function showHeading() {
  const { topic, here, settings } = place(me.room), isSearch = me.view === SEARCH, isOfOne = isTalk(me.view);
  const words = (isSearch ? on.search : !isOfOne && topic) || "";
  $("room").textContent = isSearch ? "Search" : isOfOne ? me.view.slice(1) : me.room;
  $("room").parentNode.dataset.sign = isSearch ? "" : isOfOne ? "@" : "#";
  $("topic").replaceChildren(...linked(words));
  $("topic").title = words;
  $("here").textContent = here ?? "";
  $("input").placeholder = `Message ${isOfOne ? me.view.slice(1) : me.room}`;
  $("share").hidden = isOfOne || isSearch;
  $("setup").hidden = isOfOne || isSearch || !settings;
  $("room").parentNode.toggleAttribute("data-private", Boolean(!isOfOne && !isSearch && settings && (settings["invite-only"] || settings.key || settings.hidden)));
  $("leave").hidden = me.view === "lobby";
  $("leave").title = isSearch ? "Close the search" : isOfOne ? "Close this conversation" : `Leave ${me.room}`;
}

/** Shows a room or conversation, and enters the room if need be. */
export function go(name, isNew = true) {
  if (name === SEARCH) return on.search && show(name, isNew);
  if (isTalk(name)) place(name);
  if (places.has(name)) return show(name, isNew);
  if (isRoom(name)) post([`/join ${name}`], me.room);
}

/** The user is not in this place any more. */
export function drop(name) {
  if (name === me.view) keepPlace();
  places.delete(name);
  if (!places.has(me.room)) {
    turnTo(rooms().at(-1) ?? "lobby");
    // What is set there would hold in another room.
    $("settings").close();
  }
  if (name === me.view) show(me.room);
  showHeading();
  showTitle();
  showRooms();
  showPeople();
}

/** The user has one room at a time: this one. */
export function moveTo(name) {
  if (link.many) return;
  rooms().filter((room) => room !== name).forEach((room) => places.delete(room));
}

/** What the address names; an address that is no proper one names nothing. */
const named = () => {
  try {
    return decodeURIComponent(location.hash.slice(1)).toLowerCase();
  } catch {
    return "";
  }
};

/** The place in the address, if it is one. */
export const inAddress = () => (isRoom(named()) ? named() : "");

/** Gives the user a link to the room that can be sent to somebody. */
$("share").onclick = async () => {
  const { room } = me, url = new URL(`#${room}`, location).href;
  // Browsers allow it over https only.
  const isCopied = await navigator.clipboard?.writeText(url).then(() => true, () => false);
  addLine("notice", [`The link to ${room}${isCopied ? " is copied" : ""}: `, ...linked(url)], { room });
};
$("leave").onclick = () => {
  if (me.view === SEARCH) show(me.room);
  else if (isTalk(me.view)) drop(me.view);
  else post(["/leave"], me.room);
  $("input").focus();
};
window.onpopstate = () => {
  const name = named();
  if (name && name !== me.view) go(isTalk(name) ? location.hash.slice(1) : name, false);
};
me.show = (name) => go(name);
