// The connection: speaks chatd.v1 (docs/PROTOCOL.md), and reconnects when it is lost.

import * as account from "./account.js";
import { awaited, isOverdue, lost } from "./outbox.js";
import { $, me, wanted } from "./page.js";
import { ignored } from "./places.js";

/** Milliseconds between attempts to connect, before the jitter. */
const FIRST_PAUSE = 500, LONGEST_PAUSE = 30_000;
/** After this silence, the connection is checked when the user returns to the page. */
const SILENCE = 30_000;
/** How long the server may take to answer that check, and to accept a connection. */
const PATIENCE = 10_000;

const NOT_CONNECTED = "Not connected.";

/** Whether the user may be in several rooms: the server did not refuse that. */
export const link = { many: true };

let socket, retryTimer, countTimer, doubtTimer, loginTimer;
let failures = 0, heard = 0;
/** The last refusal of this connection: the reason if the server ends it. */
let lastRefusal = "";
/** Whether the connection was open, and what was found to keep it from being so. */
let wasOpen = false, obstacle = "";
/** The handlers of messages by `t`. */
let handlers;

/** Connects, and reconnects as long as the page is open. */
export function start(on) {
  handlers = on;
  connect();
  // A relay may acknowledge everything and pass nothing on.
  setInterval(() => isOverdue() && drop("The server does not answer. "), 1_000);
}

export function connect() {
  clearTimeout(retryTimer);
  clearInterval(countTimer);
  retryTimer = undefined;
  showState("connecting", failures ? "Connecting…" : "");
  const url = new URL("ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url, "chatd.v1");
  wasOpen = false;
  doubt();
  socket.onopen = () => {
    trust();
    wasOpen = true;
    lastRefusal = obstacle = "";
    link.many = true;
    transmit({ t: "hello", rooms: "many" });
    comeIn();
  };
  socket.onmessage = ({ data }) => {
    trust();
    const message = JSON.parse(data);
    if (message.t === "welcome") failures = 0;
    if (message.t === "refused") lastRefusal = message.text;
    // The answer of a server that knows one room at a time only.
    if (message.t === "refused" && /^not a valid message/.test(message.text)) return void (link.many = false);
    if (Object.hasOwn(handlers, message.t)) handlers[message.t](message);
    seeToLogin(account.judge(message));
  };
  socket.onclose = ({ code }) => disconnected(code);
}

/** Logs in first if the user was logged in, so that nothing is said under another name. */
function comeIn() {
  const login = account.begin();
  if (!login) return enter(false);
  showState("connecting", `Logging in as ${account.nick()}…`);
  send(login);
}

function seeToLogin(answer) {
  if (answer === "in") enter(true);
  if (answer === "out") {
    enter(false);
    handlers.notice({ text: `not logged in as ${account.nick()}; type /login to try again` });
  }
  if (answer > 0) {
    showState("connecting", `Logging in as ${account.nick()} again in ${Math.ceil(answer / 1000)} s.`);
    loginTimer = setTimeout(comeIn, answer);
  }
}

/** Sets the name and the room before anything else, so that the join is announced with them. */
function enter(isNamed) {
  showState("open", "");
  const nick = wanted.nick || wanted.usualNick;
  wanted.usualNick = "";
  if (nick && !isNamed) send(`/nick ${nick}`);
  const others = wanted.rooms.filter((room) => room !== wanted.room);
  for (const room of [...others, wanted.room]) if (room && room !== "lobby") send(`/join ${room}`);
  // The account may be an operator's, with other commands.
  askForLists(...[...ignored].map((nick) => `/ignore ${nick}`), ...(isNamed ? ["/help"] : []), "/rooms");
}

/** Treats the connection as lost unless a message arrives in time. */
function doubt() {
  doubtTimer ??= setTimeout(drop, PATIENCE, "");
}

/** Gives a broken connection up. */
function drop(why) {
  socket.close();
  disconnected(1006, why);
}

function trust() {
  heard = Date.now();
  clearTimeout(doubtTimer);
  doubtTimer = undefined;
}

export const isOpen = () => document.body.dataset.state === "open";

/** Sends a text, to a room if it matters; returns whether there is a connection. */
export const send = (text, room) => transmit({ t: "say", text, ...(link.many && room ? { room } : {}) });

function transmit(message) {
  if (socket.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify(message));
  return true;
}

/** Asks for the wanted name again; it may be free now. */
export function askForName() {
  if (isOpen() && wanted.nick) send(`/nick ${wanted.nick}`);
}

/**
 * Sends commands whose answers, up to the pong, update the lists and do not appear in the log. Only
 * those about a room name it: on coming back, the room may have been refused, and all else with it.
 */
export function askForLists(...commands) {
  // Before that, the pong would count as the end of what is asked for on coming back.
  if (!isOpen()) return false;
  const isOfRoom = (command) => /^\/(?:who|history)\b/.test(command);
  if (![...commands, "/ping"].every((command) => send(command, isOfRoom(command) && me.room))) return false;
  awaited.pongs.push(new Map());
  return true;
}

function disconnected(code, why = "") {
  socket.onopen = socket.onmessage = socket.onclose = null;
  trust();
  clearTimeout(loginTimer);
  lost();
  // After /quit (1000), or when the server disconnected the user (1008), do not reconnect.
  if (code === 1000) return showState("closed", "You left.");
  if (code === 1008) return showState("closed", `The server closed the connection${lastRefusal && `: ${lastRefusal}`}.`);
  const before = code === 1009 ? "A line was too long for the server. " : why;
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures++) * (0.5 + Math.random() / 2);
  showState("closed", `${before}${obstacle || NOT_CONNECTED} Trying again in ${Math.ceil(pause / 1000)} s.`);
  const timer = retryTimer = setTimeout(connect, pause);
  countDown(Date.now() + pause);
  if (!wasOpen) window.findObstacle().then((found) => showObstacle(found, timer));
}

/** Shows what keeps the page from connecting, unless the next attempt has begun. */
function showObstacle(found, timer) {
  if (timer !== retryTimer) return;
  const text = $("status").firstChild;
  text.data = text.data.replace(obstacle || NOT_CONNECTED, () => found || NOT_CONNECTED);
  obstacle = found;
}

/** Shows the seconds that are left. Only the text changes, so that screen readers read it out once. */
function countDown(end) {
  const text = $("status").firstChild;
  countTimer = setInterval(() => {
    const left = Math.max(1, Math.ceil((end - Date.now()) / 1000));
    text.data = text.data.replace(/\d+(?= s\.$)/, left);
  }, 500);
}

/** A page that the browser keeps for going back to it reads nothing, and must not count as here. */
window.onpagehide = () => socket?.close();
window.onpageshow = ({ persisted }) => persisted && document.body.dataset.state !== "connecting" && wake();

/** Connects now if waiting to reconnect, else checks the connection. */
export function wake() {
  if (retryTimer) connect();
  else if (askForLists("/who", "/rooms")) doubt();
}

/** The same, after a long silence only. */
export function wakeAfterSilence() {
  if (Date.now() - heard > SILENCE) wake();
}

function showState(state, words) {
  document.body.dataset.state = state;
  $("status").textContent = words;
  $("retry").hidden = state !== "closed";
}
