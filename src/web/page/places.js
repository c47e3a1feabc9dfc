// The rooms that the user is in, and conversations with one person, which are called `@bob`.

import { me, recall, remember, wanted } from "./page.js";

/** By name. */
export const places = new Map();

/** A place of that name, which is new if need be. */
export function place(name) {
  if (!places.has(name)) {
    places.set(name, { people: new Set(), topic: null, here: null, unread: 0, mentions: 0, arrived: null, first: null, older: 100, isFresh: false, roles: new Map(), you: null });
  }
  return places.get(name);
}

/** Names of operators of the server in the user's rooms. */
export const staff = new Set();

/** Names of people whom the user ignores. */
export const ignored = new Set();

export const isTalk = (name) => name.startsWith("@");
export const isRoom = (name) => /^[a-z][a-z0-9_-]{0,31}$/.test(name);
export const rooms = () => [...places.keys()].filter((name) => !isTalk(name));
export const people = () => places.get(me.room)?.people ?? new Set();

/** Remembers the rooms for a reload of this tab, and for the next connection. */
export function wantRooms() {
  wanted.rooms = rooms();
  remember("sessionStorage", "rooms", wanted.rooms.join(" "));
}

/** Most rooms whose last read line is remembered. */
const MAX_READ = 100;

/** The id of the last line that was read in each room, in any tab of this browser. */
function readLines() {
  try {
    return Object.entries(JSON.parse(recall("localStorage", "read")));
  } catch {
    return [];
  }
}

export const lastRead = (room) => readLines().find(([name]) => name === room)?.[1];

export function keepRead(room, id) {
  const others = readLines().filter(([name]) => name !== room).slice(1 - MAX_READ);
  remember("localStorage", "read", JSON.stringify(Object.fromEntries([...others, [room, id]])));
}

/** The half-written line of a place. */
export const draft = (name = me.view) => recall("sessionStorage", `draft ${name}`);
export const keepDraft = (text) => remember("sessionStorage", `draft ${me.view}`, text);
