// `code` in a line, and blocks between lines of ```, are shown as such. The text stays as it was
// typed: copying gives it back, and other clients show it so.

import { linked } from "./links.js";
import { make } from "./page.js";

/** One tick or several, code, and as many again. */
const INLINE = /(?<!`)(`{1,2})(?!`)([^`]+)\1(?!`)/g;
const FENCE = /^\s*```[\w+#.-]*\s*$/;
/** How far up the beginning of a block is looked for. */
const REACH = 60;

/** Text with links and code. */
export function written(text) {
  if (!text.includes("`") || FENCE.test(text)) return linked(text);
  const nodes = [];
  let end = 0;
  for (const { 0: whole, 1: ticks, 2: code, index } of text.matchAll(INLINE)) {
    const tick = () => make("span", { className: "tick" }, ticks);
    nodes.push(...linked(text.slice(end, index)), make("code", {}, tick(), code, tick()));
    end = index + whole.length;
  }
  return [...nodes, ...linked(text.slice(end))];
}

/**
 * Marks a line as the beginning, the end or a part of a block. What others say in between does not
 * end the block; a pause does.
 */
export function fence(line, breath) {
  const { kind, nick, room, with: other, when } = line.dataset;
  if (!nick || !["said", "private"].includes(kind)) return;
  let above = line.previousElementSibling;
  const isOwn = ({ dataset: at }) => at.nick === nick && at.kind === kind && at.room === room && at.with === other;
  for (let steps = 0; above && steps < REACH && !isOwn(above); steps += 1) above = above.previousElementSibling;
  const isInside = above && isOwn(above) && ["open", "code"].includes(above.dataset.code) && when - above.dataset.when < breath;
  const isFence = FENCE.test(line.querySelector(".text").textContent);
  const is = isFence ? (isInside ? "close" : "open") : isInside ? "code" : "";
  if (is) line.dataset.code = is;
  else delete line.dataset.code;
}
