// Shared by the other scripts: the user's nick and room, and creating nodes. Data from the network
// becomes text nodes, never markup.

export const $ = (id) => document.getElementById(id);

/**
 * Our nick; the room that is shown or was shown last, to which commands refer; and what is shown,
 * which is that room or a conversation.
 */
export const me = { nick: "", room: "", view: "", server: "" };
/** All rooms that are known, and the number of people in each; `null` if unknown. */
export const counts = new Map();

export function make(tag, { data, ...properties }, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  Object.assign(node.dataset, data);
  node.append(...children);
  return node;
}

/** Compares names as people sort them: room-2 before room-10. */
export const inOrder = new Intl.Collator(undefined, { numeric: true }).compare;

/** A nick in its colour. */
export const name = (nick) => tint(make("b", { className: "nick" }, nick), nick);

/** Sets the hue to a hash of the nick; style.css keeps it readable on light and dark. */
export function tint(node, nick) {
  let hash = 0;
  for (const letter of nick.toLowerCase()) hash = Math.imul(hash ^ (hash >>> 15) ^ letter.charCodeAt(0), 0x2c1b3c6d);
  node.style.setProperty("--hue", (hash >>> 7) % 360);
  return node;
}

// ---- Storage of this tab and of this browser. The browser may forbid it. ----

/** The path of the page. Behind a proxy, other programs may store things beside it. */
const PATH = new URL(".", location).pathname.replace(/^\/$/, "");

export function recall(store, key) {
  try {
    return window[store].getItem(PATH + key) ?? "";
  } catch {
    return "";
  }
}

export function remember(store, key, value) {
  try {
    window[store].setItem(PATH + key, value);
  } catch {
    // Then the value lasts as long as the page.
  }
}

/** The name and room to take again after a reconnect, or a reload of this tab. The server confirmed them. */
export const wanted = {
  nick: recall("sessionStorage", "nick"),
  /** The rooms that the user was in, and the one that was shown. */
  rooms: recall("sessionStorage", "rooms").split(" ").filter(Boolean),
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

/** How long another tab may take to say that it has the same storage, in milliseconds. */
const TWIN = 80;

/** A duplicated tab has a copy of the storage of the first; the name is that one's. */
export async function tellTwins() {
  const other = "BroadcastChannel" in window && new BroadcastChannel(`${PATH}tabs`);
  const own = recall("sessionStorage", "tab");
  let id = own || newId();
  if (!other) return;
  const isTwin = await new Promise((resolve) => {
    other.onmessage = ({ data }) => data.taken === own && resolve(true);
    if (!own) return resolve(false);
    other.postMessage({ asked: own });
    setTimeout(resolve, TWIN, false);
  });
  if (isTwin) {
    id = newId();
    wanted.nick = "";
    remember("sessionStorage", "nick", "");
    me.isTwin = true;
  }
  remember("sessionStorage", "tab", id);
  other.onmessage = ({ data }) => data.asked === id && other.postMessage({ taken: id });
}

const newId = () => `${Date.now()}-${Math.random()}`;
