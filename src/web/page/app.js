// The page: input, keys and clicks.

import { complete, hide, pressed, restart, suggest } from "./complete.js";
import { commandOf, compose, hasSecret } from "./compose.js";
import { connect, isOpen, send, start, wake, wakeAfterSilence } from "./link.js";
import { showSide } from "./lists.js";
import { addLine, looked, toBottom } from "./log.js";
import { openMenu } from "./menu.js";
import { greet } from "./naming.js";
import * as outbox from "./outbox.js";
import { $, inOrder, me, tellTwins, wanted } from "./page.js";
import { draft, isTalk, keepDraft, places, rooms } from "./places.js";
import { handlers } from "./talk.js";
import { seek } from "./search.js";
import { SEARCH, inAddress, on, show } from "./view.js";

const input = $("input");
/** Most lines that are sent without a question. */
const MAX_UNASKED = 10;

/** The history of the input, oldest first. `turn` is the position in it; the unfinished line comes after the last. */
const written = [];
let turn = 0, unfinished = "";
/** Whether the beginning of the input was pasted together with other lines. */
let isPasted = false;

async function submit() {
  const text = input.value;
  const { lines, refused } = compose(text, isPasted);
  if (refused) return void ($("status").textContent = refused);
  if (!lines.length) return;
  if (!isOpen()) {
    $("status").textContent = "Not sent: there is no connection. Your text is still here.";
    return;
  }
  if (lines.length > MAX_UNASKED && !(await isMeant(lines.length))) return;
  $("status").textContent = "";
  keep(text);
  write("");
  say(lines);
  toBottom();
}

/** Says lines where the user is. */
function say(lines) {
  if (me.view === SEARCH) show(me.room);
  // Only the page knows that it has to show that room.
  const room = lines.length === 1 && /^\/join\s+#?(\S+)\s*$/i.exec(lines[0])?.[1].toLowerCase();
  if (room && places.has(room)) return show(room, true);
  const nick = isTalk(me.view) && me.view.slice(1);
  // Not the room behind it.
  if (nick && /^\s*\/leave\s*$/i.test(lines[0])) return $("leave").click();
  const addressed = (line) => (commandOf(line) ? line : `/msg ${nick} ${line.replace(/^\s*\/\//, "/")}`);
  outbox.post(nick ? lines.map(addressed) : lines, me.room);
}

/** Remembers a text for the arrow keys, unless it has a password. */
function keep(text) {
  if (!hasSecret(text) && written.at(-1) !== text) written.push(text);
  if (written.length > 100) written.shift();
  turn = written.length;
}

/** Asks whether to send many lines. */
function isMeant(number) {
  $("asking-title").textContent = `Send ${number} lines?`;
  $("asking").showModal();
  return new Promise((resolve) => {
    $("asking").onclose = () => {
      resolve($("asking").returnValue === "yes");
      $("asking").returnValue = "";
      input.focus();
    };
  });
}

function write(text) {
  input.value = text;
  isPasted = false;
  hide();
  fit();
}

function fit() {
  input.style.height = "auto";
  // scrollHeight lacks the borders; without them the input would scroll.
  input.style.height = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
  const isSecret = hasSecret(input.value);
  input.classList.toggle("secret", isSecret);
  if (me.view) keepDraft(isSecret ? "" : input.value);
}

/** Shows the previous or next entry of the history. */
function leaf(step) {
  if (turn + step < 0 || turn + step > written.length) return false;
  if (turn === written.length) unfinished = input.value;
  turn += step;
  write(written[turn] ?? unfinished);
  return true;
}

/** Whether the input has one row, or the cursor is at its end in this direction. */
function isAtEdge(step) {
  const { lineHeight, paddingTop, paddingBottom } = getComputedStyle(input);
  const rows = (input.scrollHeight - parseFloat(paddingTop) - parseFloat(paddingBottom)) / parseFloat(lineHeight);
  if (rows < 1.5) return true;
  return step < 0 ? input.selectionEnd === 0 : input.selectionStart === input.value.length;
}

const keys = {
  Enter: () => void submit() ?? true,
  ArrowUp: () => isAtEdge(-1) && leaf(-1),
  ArrowDown: () => isAtEdge(1) && leaf(1),
  Tab: () => complete() && (fit(), true),
};

input.onkeydown = (event) => {
  const { key, keyCode, shiftKey, ctrlKey, altKey, metaKey, isComposing } = event;
  if (key !== "Tab") restart();
  // Safari ends a composition before the key that ends it; 229 tells that the key was for it.
  const plain = !(shiftKey || ctrlKey || altKey || metaKey || isComposing || keyCode === 229);
  if (plain && pressed(key)) return event.preventDefault();
  if (plain && Object.hasOwn(keys, key) && keys[key]()) event.preventDefault();
};
input.onbeforeinput = ({ data, dataTransfer, inputType }) => {
  const text = data ?? dataTransfer?.getData("text/plain") ?? "";
  if (inputType !== "insertLineBreak" && /[\r\n]/.test(text) && !input.value.slice(0, input.selectionStart).trim()) isPasted = true;
};
input.oninput = () => {
  if (!input.value.trim()) isPasted = false;
  fit();
  suggest();
};
$("form").onsubmit = (event) => {
  event.preventDefault();
  submit();
};
// The focus stays in the input, or a phone's keyboard would close.
$("send").onpointerdown = (event) => event.preventDefault();

// ---- Buttons and other keys ----

for (const button of document.querySelectorAll(".cancel")) button.onclick = () => button.closest("dialog").close();
$("people").onclick = ({ target }) => {
  const nick = target.closest("li")?.dataset.key;
  if (!nick) return;
  if (target.className === "more") return openMenu(nick, target);
  showSide(false);
  write(`/msg ${nick} ${input.value}`);
  input.focus();
};
// The button hides itself and would lose the focus.
$("retry").onclick = () => {
  connect();
  $("log").focus();
};
/** Goes to the field where a room is typed. */
function toRooms(event) {
  event.preventDefault();
  if (getComputedStyle($("menu")).display !== "none") showSide(true);
  $("where").select();
}

/** Goes to the next or the previous place of the user. */
function toNext(event, step) {
  event.preventDefault();
  const all = [...rooms().sort(inOrder), ...[...places.keys()].filter(isTalk).sort(inOrder)];
  me.show(all.at((all.indexOf(me.view) + step) % all.length));
}

document.onkeydown = (event) => {
  const { key, target, ctrlKey, altKey, metaKey } = event;
  if (key === "Escape") showSide(false);
  if (key.toLowerCase() === "k" && (ctrlKey || metaKey) && !altKey) return toRooms(event);
  if (altKey && ["ArrowUp", "ArrowDown"].includes(key)) return toNext(event, key === "ArrowUp" ? -1 : 1);
  // Typing anywhere focuses the input.
  if (key.length === 1 && key !== " " && !ctrlKey && !altKey && !metaKey && [document.body, $("log"), $("side")].includes(target)) input.focus();
};
document.onvisibilitychange = () => {
  looked();
  if (!document.hidden) wakeAfterSilence();
};
window.onresize = fit;
window.ononline = wake;

// ---- Lines that the server did not get or refused ----

/** Back into the input, where together they must not mean anything else; else they are listed. */
me.giveBack = (lines) => {
  const open = lines.filter((line) => !hasSecret(line));
  open.forEach(keep);
  const all = [...open, input.value].filter(Boolean);
  if (all.length === 1 || !all.some(commandOf)) return write(all.join("\n"));
  open.forEach((line) => addLine("refused", [`not sent: ${line}`]));
};
on.leave = fit;
on.arrive = () => {
  write(draft() || (isNew() ? "" : input.value));
  seek();
};

/** Whether the page has shown a place: what was typed before belongs to the first one. */
const isNew = () => hasArrived || !(hasArrived = true);
let hasArrived = false;

/** Has the browser keep the page for times without the server. */
async function keepPage() {
  if (!navigator.serviceWorker) return;
  const isKept = Boolean(navigator.serviceWorker.controller);
  await navigator.serviceWorker.register("worker.js");
  const { active } = await navigator.serviceWorker.ready;
  const parts = performance.getEntriesByType("resource").map(({ name }) => name);
  if (!isKept) active.postMessage([new URL(".", location).href, ...new Set(parts)]);
}

// The browser may forbid it.
keepPage().catch(() => {});
outbox.start(send, me.giveBack);
greet(inAddress() || wanted.room);
tellTwins().then(() => {
  wanted.room = inAddress() || wanted.room;
  start(handlers);
});
