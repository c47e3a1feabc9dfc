// The lists at the side: rooms, conversations and people.

import { askForLists } from "./link.js";
import { $, counts, inOrder, make, me, tint } from "./page.js";
import { ignored, isTalk, people, place, places, staff } from "./places.js";

/** Longest random delay in milliseconds before asking who joined and left, so that not all pages ask at once. */
const LAG = 5_000;
/** How often the rooms are asked for while the page is looked at, in milliseconds. */
const ROOMS = 60_000;

/** The rooms in which somebody joined or left without being named. */
const crowds = new Set();
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
  const nicks = [...people()].sort(inOrder);
  const button = (nick) => make("button", { type: "button", className: "nick" }, nick);
  const more = (nick) => make("button", { type: "button", className: "more", tabIndex: -1, ariaHidden: "true", title: `What to do with ${nick}` });
  const items = showList($("people"), nicks, (nick) => make("li", { data: { key: nick } }, tint(button(nick), nick), more(nick)));
  const { roles } = place(me.room);
  for (const item of items) {
    item.toggleAttribute("data-me", item.dataset.key === me.nick);
    item.toggleAttribute("data-ignored", ignored.has(item.dataset.key));
    const role = roles?.get(item.dataset.key), isStaff = staff.has(item.dataset.key);
    item.dataset.role = role ?? "";
    item.toggleAttribute("data-staff", isStaff);
    item.firstChild.setAttribute("aria-keyshortcuts", "ArrowRight");
    const words = [isStaff && "Is an operator of the server. ", role && `${role === "operator" ? "Is an operator" : "Has a voice"} here. `];
    item.firstChild.title = `${words.filter(Boolean).join("")}Write to ${item.dataset.key} privately`;
  }
}

export function showRooms() {
  for (const name of places.keys()) if (!isTalk(name)) counts.set(name, places.get(name).here ?? counts.get(name) ?? null);
  const names = [...counts.keys()].filter((room) => places.has(room) || room === "lobby" || counts.get(room) !== 0);
  show($("rooms"), names.sort(inOrder));
  show($("talks"), [...places.keys()].filter(isTalk).sort(inOrder));
  $("talks").parentNode.hidden = !$("talks").children.length;
  narrow();
}

function show(list, names) {
  const item = (name) => make("li", { data: { key: name } }, make("button", { type: "button" }, name.replace(/^@/, "")));
  for (const { dataset: { key }, firstChild: button } of showList(list, names, item)) {
    const here = counts.get(key), { unread = 0, mentions = 0 } = places.get(key) ?? {};
    button.dataset.here = here ?? "";
    button.dataset.unread = unread || "";
    button.toggleAttribute("data-joined", places.has(key));
    button.toggleAttribute("data-named", mentions > 0);
    const { settings } = places.get(key) ?? {};
    button.toggleAttribute("data-private", Boolean(settings && (settings["invite-only"] || settings.key || settings.hidden)));
    const news = [mentions && `${mentions} naming you`, unread && `${unread} unread`, here && `${here} here`];
    button.ariaLabel = [key.replace(/^@/, ""), ...news.filter(Boolean)].join(", ");
    button.setAttribute("aria-current", key === me.view);
  }
}

/** Shows the rooms whose names contain what is typed below them. */
function narrow() {
  const typed = $("where").value.replace(/^#/, "").toLowerCase();
  for (const item of $("rooms").children) item.hidden = !item.dataset.key.includes(typed);
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
export function crowdChanged(room) {
  crowds.add(room);
  askWhoIsThere();
}

/** Asks who is in the room that is shown, if that has changed. */
export function askWhoIsThere() {
  if (!crowds.has(me.room)) return;
  crowdTimer ??= setTimeout(() => {
    crowdTimer = undefined;
    if (crowds.has(me.room) && askForLists("/who")) crowds.delete(me.room);
  }, Math.random() * LAG);
}

$("join").onsubmit = (event) => {
  event.preventDefault();
  const room = $("where").value.replace(/^#/, "").toLowerCase();
  $("where").value = "";
  narrow();
  me.show(room);
  showSide(false);
};
// Some phones add a blank to each word.
$("where").oninput = ({ target }) => {
  target.value = target.value.trim();
  narrow();
};
$("side").addEventListener("click", ({ target }) => {
  const key = target.closest("#rooms li, #talks li")?.dataset.key;
  if (!key) return;
  me.show(key);
  showSide(false);
});
$("menu").onclick = () => showSide(!("side" in document.body.dataset));
$("side").addEventListener("focusout", ({ relatedTarget: next }) => {
  if (next && !$("side").contains(next)) showSide(false);
});
$("shade").onclick = () => showSide(false);
setInterval(() => document.hidden || askForLists("/rooms"), ROOMS);
