// Shared by the other scripts: the user's nick and room, and creating nodes. Data from the network
// becomes text nodes, never markup.

export const $ = (id) => document.getElementById(id);

/** Our nick and room, as the server said last. */
export const me = { nick: "", room: "", server: "" };
export const people = new Set();
/** Rooms, and the number of people in each; `null` if unknown. */
export const rooms = new Map();

export function make(tag, { data, ...properties }, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  Object.assign(node.dataset, data);
  node.append(...children);
  return node;
}

/** A nick in its colour. */
export const name = (nick) => tint(make("b", { className: "nick" }, nick), nick);

/** Sets the hue to a hash of the nick; style.css keeps it readable on light and dark. */
export function tint(node, nick) {
  let hash = 0;
  for (const letter of nick.toLowerCase()) hash = Math.imul(hash ^ (hash >>> 15) ^ letter.charCodeAt(0), 0x2c1b3c6d);
  node.style.setProperty("--hue", (hash >>> 7) % 360);
  return node;
}

/** A URL, without punctuation of the sentence around it. */
const ADDRESS = /(\bhttps?:\/\/(?:[^\s<>"()]|\([^\s<>"()]*\))*(?:[^\s<>"().,:;!?'\]}]|\([^\s<>"()]*\)))/i;

export function linked(text) {
  const link = (href) => make("a", { href, target: "_blank", rel: "noopener noreferrer" }, href);
  return text.split(ADDRESS).map((part, number) => (number % 2 ? link(part) : part));
}

// ---- Storage of this tab and of this browser. The browser may forbid it. ----

function recall(store, key) {
  try {
    return window[store].getItem(key) ?? "";
  } catch {
    return "";
  }
}

function remember(store, key, value) {
  try {
    window[store].setItem(key, value);
  } catch {
    // Then the value lasts as long as the page.
  }
}

/** The name and room to take again after a reconnect, or a reload of this tab. */
export const wanted = {
  nick: recall("sessionStorage", "nick"),
  room: recall("sessionStorage", "room"),
  /** For a new tab; asked for only once, because another tab may have this name. */
  usualNick: recall("localStorage", "nick"),
};

export function wantNick(nick) {
  // Only the server gives guests' names.
  wanted.nick = /^guest/i.test(nick) ? "" : nick;
  remember("sessionStorage", "nick", wanted.nick);
  remember("localStorage", "nick", wanted.nick);
}

export function wantRoom(room) {
  wanted.room = room;
  remember("sessionStorage", "room", room);
}
