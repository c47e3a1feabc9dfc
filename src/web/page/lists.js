// The lists at the side: rooms and people.

import { askForLists } from "./link.js";
import { post } from "./outbox.js";
import { $, make, me, people, rooms, tint } from "./page.js";

/** Longest random delay in milliseconds before asking who joined and left, so that not all pages ask at once. */
const LAG = 5_000;

let crowdTimer;

/** Makes the list show `keys` in that order; items that stay are not replaced, and keep the focus. */
function showList(list, keys, item) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const items = keys.map((key) => old.get(key) ?? item(key));
  keys.forEach((key) => old.delete(key));
  old.forEach((child) => child.remove());
  items.forEach((child, at) => list.children[at] === child || list.insertBefore(child, list.children[at] ?? null));
  return items;
}

export function showPeople() {
  const nicks = [...people].sort((a, b) => a.localeCompare(b));
  const button = (nick) => make("button", { type: "button", className: "nick", title: `Write to ${nick} privately` }, nick);
  const items = showList($("people"), nicks, (nick) => make("li", { data: { key: nick } }, tint(button(nick), nick)));
  items.forEach((item) => item.toggleAttribute("data-me", item.dataset.key === me.nick));
}

export function showRooms() {
  rooms.set(me.room, rooms.get(me.room) ?? null);
  const names = [...rooms.keys()].filter((room) => room === me.room || room === "lobby" || rooms.get(room) !== 0);
  const item = (room) => make("li", { data: { key: room } }, make("button", { type: "button" }, room));
  for (const { dataset: { key }, firstChild: button } of showList($("rooms"), names.sort(), item)) {
    const here = rooms.get(key);
    button.dataset.here = here ?? "";
    button.ariaLabel = here ? `${key}, ${here} here` : key;
    button.setAttribute("aria-current", key === me.room);
  }
}

/** Opens or closes the side on narrow screens; the focus moves into it, and back to the menu. */
export function showSide(open) {
  const hadFocus = $("side").contains(document.activeElement);
  document.body.toggleAttribute("data-side", open);
  $("menu").setAttribute("aria-expanded", open);
  if (open) askForLists("/who", "/rooms");
  if (open) $("side").focus();
  else if (hadFocus) $("menu").focus();
}

/** In crowded rooms the server tells only how many joined and left, so the page has to ask who. */
export function crowdChanged() {
  crowdTimer ??= setTimeout(() => {
    crowdTimer = undefined;
    askForLists("/who");
  }, Math.random() * LAG);
}

$("join").onsubmit = (event) => {
  event.preventDefault();
  post([`/join ${$("where").value}`]);
  $("where").value = "";
  showSide(false);
};
// Some phones add a blank to each word.
$("where").oninput = ({ target }) => (target.value = target.value.trim());
$("rooms").onclick = ({ target }) => {
  const room = target.closest("li")?.dataset.key;
  if (room && room !== me.room) post([`/join ${room}`]);
  if (room) showSide(false);
};
$("menu").onclick = () => showSide(!("side" in document.body.dataset));
$("side").addEventListener("focusout", ({ relatedTarget: next }) => {
  if (next && !$("side").contains(next)) showSide(false);
});
$("shade").onclick = () => showSide(false);
