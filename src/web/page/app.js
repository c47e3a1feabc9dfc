// The page: input, keys and clicks.

import { connect, isOpen, say, start, wake, wakeAfterSilence } from "./link.js";
import { showSide } from "./lists.js";
import { looked, toBottom } from "./log.js";
import { $, me, people, wanted } from "./page.js";
import { handlers } from "./talk.js";

const input = $("input");

/** The history of the input, oldest first. `turn` is the position in it; the draft comes after the last. */
const written = [];
let turn = 0, draft = "";

function submit() {
  const lines = input.value.split(/\r\n?|\n/).filter((line) => line.trim());
  if (!lines.length) return;
  if (!isOpen()) {
    $("status").textContent = "Not sent: there is no connection. Your text is still here.";
    return;
  }
  if (written.at(-1) !== input.value) written.push(input.value);
  if (written.length > 100) written.shift();
  turn = written.length;
  lines.forEach(say);
  write("");
  toBottom();
}

function write(text) {
  input.value = text;
  fit();
}

function fit() {
  input.style.height = "auto";
  // scrollHeight lacks the borders; without them the input would scroll.
  input.style.height = `${input.scrollHeight + input.offsetHeight - input.clientHeight}px`;
}

/** Shows the previous or next entry of the history. */
function leaf(step) {
  if (turn + step < 0 || turn + step > written.length) return false;
  if (turn === written.length) draft = input.value;
  turn += step;
  write(written[turn] ?? draft);
  return true;
}

/** Completes the name before the cursor. */
function complete() {
  const end = input.selectionStart;
  const [, before, start] = /^(.*?)([\w-]+)$/s.exec(input.value.slice(0, end)) ?? [];
  const fits = (nick) => nick !== me.nick && nick.toLowerCase().startsWith(start.toLowerCase());
  const nick = start && [...people].sort().find(fits);
  if (nick) input.setRangeText(nick + (before ? " " : ": "), before.length, end, "end");
  return Boolean(nick);
}

const keys = {
  Enter: () => void submit() ?? true,
  ArrowUp: () => !input.value.slice(0, input.selectionStart).includes("\n") && leaf(-1),
  ArrowDown: () => !input.value.slice(input.selectionEnd).includes("\n") && leaf(1),
  Tab: complete,
};

input.onkeydown = (event) => {
  const plain = !(event.shiftKey || event.ctrlKey || event.altKey || event.metaKey || event.isComposing);
  if (plain && Object.hasOwn(keys, event.key) && keys[event.key]()) event.preventDefault();
};
input.oninput = fit;
$("form").onsubmit = (event) => {
  event.preventDefault();
  submit();
};

// ---- Buttons and other keys ----

$("nick").onclick = () => {
  $("name").value = wanted.nick;
  $("naming").showModal();
};
$("cancel").onclick = () => $("naming").close();
$("naming").onsubmit = () => {
  wanted.nick = $("name").value;
  if (wanted.nick !== me.nick) say(`/nick ${wanted.nick}`);
};
$("naming").onclose = () => input.focus();
$("people").onclick = ({ target }) => {
  const nick = target.closest("li")?.dataset.key;
  if (!nick) return;
  showSide(false);
  write(`/msg ${nick} ${input.value}`);
  input.focus();
};
// The button hides itself and would lose the focus.
$("retry").onclick = () => {
  connect();
  $("log").focus();
};
document.onkeydown = ({ key, target, ctrlKey, altKey, metaKey }) => {
  if (key === "Escape") showSide(false);
  // Typing anywhere focuses the input.
  if (key.length === 1 && key !== " " && !ctrlKey && !altKey && !metaKey && [document.body, $("log"), $("side")].includes(target)) input.focus();
};
document.onvisibilitychange = () => {
  looked();
  if (!document.hidden) wakeAfterSilence();
};
window.onresize = fit;
window.ononline = wake;

// Lines that got lost go back into the input.
start(handlers, (lines) => write([...lines, input.value].filter(Boolean).join("\n")));
