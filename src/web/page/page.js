// What the other scripts share: who and where we are, and making nodes. What comes from the network
// becomes text nodes, never markup.

export const $ = (id) => document.getElementById(id);

/** Who and where we are, as the server said last. */
export const me = { nick: "", room: "", server: "" };
export const people = new Set();
/** Rooms, and how many people each has, `null` where we were not told. */
export const rooms = new Map();

export function make(tag, { data, ...properties }, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  Object.assign(node.dataset, data);
  node.append(...children);
  return node;
}

/** A nick in its colour. */
export const name = (nick) => tint(make("b", { className: "nick" }, nick), nick);

/** A hash of the nick is its hue; style.css makes it readable, on light and on dark. */
export function tint(node, nick) {
  let hash = 0;
  for (const letter of nick.toLowerCase()) hash = Math.imul(hash ^ (hash >>> 15) ^ letter.charCodeAt(0), 0x2c1b3c6d);
  node.style.setProperty("--hue", (hash >>> 7) % 360);
  return node;
}

/** An address, without the punctuation that ends the sentence around it. */
const ADDRESS = /(\bhttps?:\/\/(?:[^\s<>"()]|\([^\s<>"()]*\))*(?:[^\s<>"().,:;!?'\]}]|\([^\s<>"()]*\)))/i;

export function linked(text) {
  const link = (href) => make("a", { href, target: "_blank", rel: "noopener noreferrer" }, href);
  return text.split(ADDRESS).map((part, number) => (number % 2 ? link(part) : part));
}

// ---- Memory: this tab's, and this browser's. The browser may forbid it. ----

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
    // Then it lasts as long as the page.
  }
}

/** The name and the room to take again after a reconnect, or a reload of this tab. */
export const wanted = {
  nick: recall("sessionStorage", "nick"),
  room: recall("sessionStorage", "room"),
  /** For a tab without a name: to be asked for once only, as it may be the name of another tab. */
  usualNick: recall("localStorage", "nick"),
};

export function wantNick(nick) {
  // A guest's name is the server's to give.
  wanted.nick = /^guest/i.test(nick) ? "" : nick;
  remember("sessionStorage", "nick", wanted.nick);
  remember("localStorage", "nick", wanted.nick);
}

export function wantRoom(room) {
  wanted.room = room;
  remember("sessionStorage", "room", room);
}
