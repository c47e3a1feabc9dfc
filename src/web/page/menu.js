// What can be done with a person: a menu at each name in the list.

import { may } from "./complete.js";
import { post } from "./outbox.js";
import { $, make, me } from "./page.js";
import { ignored, place, rooms } from "./places.js";
import { isOperator } from "./room.js";

const menu = $("actions");
let opener;

/** Words and what they do, for this person. */
function actionsFor(nick) {
  const say = (line) => () => post([line], me.room);
  const others = rooms().filter((room) => room !== me.room && room !== "lobby");
  const all = [["Write privately", () => me.show(`@${nick}`)], ["Who is that?", say(`/whois ${nick}`)]];
  if (nick === me.nick) return [["Change your name…", () => $("nick").click()], ...all.slice(1)];
  all.push(ignored.has(nick) ? ["Stop ignoring", say(`/unignore ${nick}`)] : ["Ignore", say(`/ignore ${nick}`)]);
  for (const room of others) all.push([`Invite to ${room}`, () => post([`/invite ${nick}`], room)]);
  return [...all, ...(isOperator() ? ofRoom(nick, say) : []), ...(may("ban") ? ofServer(nick) : [])];
}

/** What operators of the room may do. */
function ofRoom(nick, say) {
  const role = place(me.room).roles?.get(nick), all = [];
  all.push(role === "operator" ? ["Take operator", say(`/deop ${nick}`)] : ["Make operator", say(`/op ${nick}`)]);
  if (role !== "operator") all.push(role === "voice" ? ["Take voice", say(`/devoice ${nick}`)] : ["Give voice", say(`/voice ${nick}`)]);
  all.push(["Kick…", () => ask(`Kick ${nick}`, (_, why) => `/room kick ${nick} ${why}`)]);
  all.push(["Ban from this room…", () => ask(`Ban ${nick} from ${me.room}`, (time, why) => `/room ban ${nick} ${time} ${why}`, true)]);
  return all;
}

/** What operators of the server may do. */
function ofServer(nick) {
  const actions = [
    ["Mute on this server…", () => ask(`Mute ${nick}`, (time) => `/mute ${nick} ${time}`, true, false)],
    ["Ban from this server…", () => ask(`Ban ${nick} from the server`, (time, why) => `/ban ${nick} ${time} ${why}`, true)],
  ];
  if (!isOperator() && may("kick")) actions.unshift(["Kick…", () => ask(`Kick ${nick}`, (_, why) => `/kick ${nick} ${why}`)]);
  return actions;
}

/** Asks for the time and the reason of what is then done in this room, whichever is shown by then. */
function ask(title, command, hasTime = false, hasReason = true) {
  const { room } = me;
  $("why-title").textContent = title;
  [$("do").textContent] = title.split(" ");
  $("time").hidden = $("time").previousElementSibling.hidden = !hasTime;
  $("why").hidden = $("why").previousElementSibling.hidden = !hasReason;
  [$("time").value, $("why").value] = ["", ""];
  $("reason").returnValue = "";
  $("reason").onclose = () => {
    if ($("reason").returnValue === "yes") post([command($("time").value.trim(), $("why").value.trim()).replace(/ +/g, " ").trim()], room);
    $("input").focus();
  };
  $("reason").showModal();
}

export function openMenu(nick, at) {
  opener = document.activeElement;
  menu.replaceChildren(...actionsFor(nick).map(([words, act]) => make("button", { type: "button", role: "menuitem", onclick: () => {
    close();
    act();
  } }, words)));
  menu.ariaLabel = `What to do with ${nick}`;
  menu.hidden = false;
  const { left, bottom } = at.getBoundingClientRect();
  menu.style.left = `${Math.max(4, Math.min(left + 12, innerWidth - menu.offsetWidth - 4))}px`;
  menu.style.top = `${Math.max(4, Math.min(bottom, innerHeight - menu.offsetHeight - 4))}px`;
  menu.firstElementChild.focus();
}

function close(back = false) {
  if (menu.hidden) return;
  menu.hidden = true;
  if (back) opener?.focus();
}

menu.onkeydown = (event) => {
  const items = [...menu.children], at = items.indexOf(document.activeElement);
  const next = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (next !== undefined) items.at(next % items.length).focus();
  if (event.key === "Escape" || event.key === "Tab") close(true);
  if (next !== undefined || event.key === "Escape" || event.key === "Tab") {
    event.preventDefault();
    event.stopPropagation();
  }
};
menu.addEventListener("focusout", ({ relatedTarget }) => menu.contains(relatedTarget) || close());
$("log").addEventListener("click", ({ target }) => {
  const isName = target.matches(".nick") && getSelection().isCollapsed;
  if (isName) openMenu(target.textContent, target);
});
$("people").onkeydown = (event) => {
  const item = event.key === "ArrowRight" && event.target.closest("li");
  if (!item) return;
  event.preventDefault();
  openMenu(item.dataset.key, item);
};
$("people").oncontextmenu = (event) => {
  const item = event.target.closest("li");
  if (!item) return;
  event.preventDefault();
  openMenu(item.dataset.key, item);
};
