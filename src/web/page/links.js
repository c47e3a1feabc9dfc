// Addresses in texts become links.

import { make } from "./page.js";

/** What begins like a URL, up to a blank, a quote, or punctuation that no URL contains as it is. */
const ADDRESS = /(\bhttps?:\/\/[^\s<>"。，、；：！？）（「」『』【】《》〈〉“”‘’«»…]+)/i;

/** Without the punctuation of the sentence around it: a closing bracket belongs to it if it was opened in it. */
function trimmed(address) {
  const closers = { ")": "(", "]": "[", "}": "{" };
  let url = address;
  for (;;) {
    const last = url.at(-1), opener = closers[last];
    const count = (letter) => url.split(letter).length;
    const isOutside = opener ? count(last) > count(opener) : /[.,:;!?'*_~|\\^`]/.test(last);
    if (!isOutside) return url;
    url = url.slice(0, -1);
  }
}

function parts(text) {
  return text.split(ADDRESS).flatMap((part, number) => {
    if (number % 2 === 0) return [part];
    const href = trimmed(part);
    if (!/^https?:\/\/./i.test(href)) return [part];
    return [make("a", { href, target: "_blank", rel: "noopener noreferrer" }, href), part.slice(href.length)];
  });
}

/** Text and links. Neighbouring texts are one. */
export function linked(text) {
  const nodes = [];
  for (const part of parts(text)) {
    if (typeof part === "string" && typeof nodes.at(-1) === "string") nodes.push(nodes.pop() + part);
    else if (part !== "") nodes.push(part);
  }
  return nodes;
}
