// The view of what a search found. Each result leads to its place in its room.

import { isOpen } from "./link.js";
import { showSide } from "./lists.js";
import { addFound, addHistory, dropFound, findPast, reveal } from "./log.js";
import { post } from "./outbox.js";
import { $, me } from "./page.js";
import { SEARCH, go, on, show } from "./view.js";

/** Lines from the history around a result: from so many minutes before it, and how many. */
const MINUTES_BEFORE = 10, AROUND = 200;

/** The result that the user wants to see in its room, until that room is shown. */
let target = null;

$("find").onsubmit = (event) => {
  event.preventDefault();
  const words = $("query").value.trim();
  if (!words || !isOpen()) return;
  post([`/search ${words}`], me.room);
  showSide(false);
};

/** The server's answer. */
export function found(messages) {
  dropFound();
  addFound(messages);
  on.search = messages.length === 1 ? "One line has these words." : `The last ${messages.length} lines with these words`;
  show(SEARCH, true);
}

/** A search found nothing: it says so where the results of the one before are shown. */
export function foundNothing() {
  if (me.view !== SEARCH) return;
  dropFound();
  on.search = "Nothing was found.";
  show(SEARCH);
}

me.leadTo = (message) => {
  target = message;
  go(message.room);
  if (me.view === message.room) seek();
};

/** Shows the result in its room, with what was said around it, which the server is asked for if need be. */
export async function seek() {
  const wanted = target;
  if (!wanted || me.view !== wanted.room) return;
  target = null;
  if (!findPast(wanted.room, wanted)) await askAround(wanted);
  if (me.view === wanted.room) reveal(findPast(wanted.room, wanted));
}

async function askAround(wanted) {
  const minutes = Math.ceil((Date.now() - wanted.ts) / 60_000) + MINUTES_BEFORE;
  const { said, more } = await askHistory(wanted.room, `${minutes}m`);
  if (!said.some(({ id }) => id === wanted.id)) said.push(wanted);
  said.sort((one, other) => one.ts - other.ts);
  reveal(null);
  addHistory(wanted.room, said, more);
}

/** What was said since then, and whether there is more; only what was found, if the server does not tell. */
async function askHistory(room, since) {
  const headers = { Accept: "application/json" };
  const answer = await fetch(`rooms/${room}/history?since=${since}&limit=${AROUND}`, { headers }).catch(() => null);
  const { messages = [], more = true } = answer?.ok ? await answer.json().catch(() => ({})) : {};
  return { said: messages.filter(({ t }) => t !== "gap"), more };
}

/** Shows lines that were left out: those after the line with this id. */
me.fill = async (room, id, gap) => {
  const { said, more } = await askHistory(room, id);
  if (!said.length) return;
  gap.remove();
  addHistory(room, said, more);
};

$("query").onfocus = () => $("query").select();
