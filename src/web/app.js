// The page: speaks chatd.v1 (docs/PROTOCOL.md) and shows it. What comes from the network becomes
// text nodes, never markup.

const $ = (id) => document.getElementById(id);
const log = $("log"), input = $("input");

/** Lines kept in the log. */
const MAX_LINES = 1000;
/** Milliseconds between attempts to connect, before the jitter. */
const FIRST_PAUSE = 500, LONGEST_PAUSE = 30_000;
/** After such a silence, looking at the page raises doubts about the connection. */
const SILENCE = 30_000;
/** How long the server may take to settle them, and to let us in. */
const PATIENCE = 10_000;
/** What somebody says within this time belongs together. */
const BREATH = 5 * 60_000;

/** Who and where we are, as the server said last. */
const me = { nick: "", room: "", server: "" };
const people = new Set();
/** Rooms, and how many people each has, `null` where we were not told. */
const rooms = new Map();

function make(tag, { data, ...properties }, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  Object.assign(node.dataset, data);
  node.append(...children);
  return node;
}

// ---- Memory: this tab's, else this browser's. The browser may forbid it. ----

function recall(...stores) {
  try {
    return stores.map(([store, key]) => window[store].getItem(key)).find(Boolean) ?? "";
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

/** The name and the room to take again after a reconnect. */
const wanted = {
  nick: recall(["sessionStorage", "nick"], ["localStorage", "nick"]),
  room: recall(["sessionStorage", "room"]),
};

// ---- The connection ----

let socket, retryTimer, doubtTimer;
let failures = 0, heard = 0;
/** Lines that were sent and did not come back yet; none if they are not to come back. */
let unconfirmed = [], echo = true;
/** A room count for each pong that is to come, `null` if the user asked for it. */
let pongs = [];
/** What the user asked for and wants to see. */
const asked = { people: false, history: false };

function connect() {
  clearTimeout(retryTimer);
  retryTimer = undefined;
  showState("connecting", failures ? "Connecting…" : "");
  const url = new URL("ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  socket = new WebSocket(url, "chatd.v1");
  doubt();
  socket.onopen = () => {
    trust();
    [pongs, echo] = [[], true];
    showState("open", "");
    // Before anything else, so that these are the name and the room that others hear of.
    if (wanted.nick) send(`/nick ${wanted.nick}`);
    if (wanted.room && wanted.room !== "lobby") send(`/join ${wanted.room}`);
    askForLists("/rooms");
  };
  socket.onmessage = ({ data }) => {
    trust();
    const message = JSON.parse(data);
    if (Object.hasOwn(handlers, message.t)) handlers[message.t](message);
  };
  socket.onclose = ({ code }) => disconnected(code);
}

/** Unless something is heard before long, the connection counts as lost. */
function doubt() {
  doubtTimer ??= setTimeout(() => {
    socket.close();
    disconnected(1006);
  }, PATIENCE);
}

function trust() {
  heard = Date.now();
  clearTimeout(doubtTimer);
  doubtTimer = undefined;
}

function send(text) {
  if (socket.readyState !== WebSocket.OPEN) return false;
  socket.send(JSON.stringify({ t: "say", text }));
  return true;
}

/** Sends what the user typed, one line of it. */
function say(line) {
  if (!send(line)) return;
  const command = /^\s*\/(?!\/)(\w*)(.*)/.exec(line);
  if (!command && echo) unconfirmed.push(line);
  const name = command?.[1].toLowerCase();
  if (name === "ping") pongs.push(null);
  if (name === "who") asked.people = true;
  if (name === "history") asked.history = true;
}

/** Asks without a trace in the log: the answers before the pong are for the lists. */
function askForLists(...commands) {
  if (![...commands, "/ping"].every(send)) return false;
  pongs.push(new Map());
  return true;
}

function disconnected(code) {
  socket.onopen = socket.onmessage = socket.onclose = null;
  trust();
  // What got lost goes back to where it was typed.
  if (unconfirmed.length) write([...unconfirmed, input.value].filter(Boolean).join("\n"));
  unconfirmed = [];
  // After /quit (1000) or being sent away (1008) nobody wants to come straight back.
  if (code === 1000) return showState("closed", "You left.");
  if (code === 1008) return showState("closed", "The server ended the connection.");
  const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** failures++) * (0.5 + Math.random() / 2);
  showState("closed", `Not connected. Trying again in ${Math.ceil(pause / 1000)} s.`);
  retryTimer = setTimeout(connect, pause);
}

/** Connects now if we wait to, else finds out whether the connection still stands. */
function wake() {
  if (retryTimer) connect();
  else if (askForLists("/who", "/rooms")) doubt();
}

function showState(state, words) {
  document.body.dataset.state = state;
  $("status").textContent = words;
  $("retry").hidden = state !== "closed";
}

// ---- What the server says ----

const handlers = {
  welcome({ server, nick, room }) {
    failures = 0;
    me.server = $("server").textContent = server;
    wanted.room ||= room;
    called(nick);
    entered(room);
    arrived = addLine("welcome", [log.childElementCount ? "Connected again" : `Welcome to ${server}`]);
  },
  said: addSpeech,
  emote: addSpeech,
  private({ from, to, text, ts }) {
    const label = from === me.nick ? ["to ", name(to)] : ["to you"];
    addLine("private", [make("span", { className: "label" }, ...label), " ", ...linked(text)], { ts, nick: from, room: "" });
    if (from !== me.nick) noticed();
  },
  joined({ room, nick, here }) {
    if (nick === me.nick) {
      wanted.room = room;
      remember("sessionStorage", "room", room);
      entered(room);
      arrived = addLine("joined", [`You are in ${room} now`]);
      askForLists("/rooms");
    } else {
      addLine("joined", [name(nick), " joined"], { room });
      people.add(nick);
    }
    counted(room, here);
  },
  left({ room, nick, reason, here }) {
    addLine("left", [name(nick), ` left: ${reason}`], { room });
    people.delete(nick);
    const to = /^moved to (\S+)$/.exec(reason)?.[1];
    if (to && !rooms.has(to)) rooms.set(to, null);
    // Whoever had our name is gone: often we ourselves, on a connection that broke.
    if (!to && nick === wanted.nick) send(`/nick ${nick}`);
    counted(room, here);
  },
  renamed({ room, from, to }) {
    if (people.delete(from)) people.add(to);
    const mine = from === me.nick;
    if (mine) {
      wanted.nick = to;
      remember("sessionStorage", "nick", to);
      remember("localStorage", "nick", to);
      called(to);
    }
    addLine("renamed", mine ? ["You are now ", name(to)] : [name(from), " is now ", name(to)], { room });
    showPeople();
  },
  topic({ room, nick, text }) {
    $("topic").replaceChildren(...linked(text ?? ""));
    $("topic").title = text ?? "";
    const who = nick ? [name(nick), " set the topic: "] : ["The topic is: "];
    addLine("topic", text === null ? ["No topic is set"] : [...who, ...linked(text)], { room });
  },
  people({ room, nicks, here }) {
    if (room === me.room) {
      people.clear();
      nicks.forEach((nick) => people.add(nick));
    }
    const names = nicks.flatMap((nick) => [", ", name(nick)]).slice(1);
    if (asked.people) addLine("people", [`${room} (${here} here): `, ...names]);
    asked.people = false;
    counted(room, here);
  },
  history({ room, messages }) {
    hush();
    const lines = messages.map((message) => addPast(room, message)).filter(Boolean);
    if (arrived?.isConnected) place(arrived);
    if (asked.history && lines.length) lines[0].scrollIntoView();
    else if (asked.history) addLine("notice", ["all of it is here already"]);
    asked.history = false;
  },
  notice({ text }) {
    const list = pongs[0];
    if (text === "pong" && pongs.shift()) return listed(list);
    const [, room, here] = /^([a-z][\w-]*) \((\d+) here\)/.exec(text) ?? [];
    if (list && room) return list.set(room, Number(here));
    const crowd = /^\d+ (?:joined|left).* \((\d+) here\)$/.exec(text);
    if (crowd) counted(me.room, Number(crowd[1]));
    if (/^echo is o/.test(text)) [echo, unconfirmed] = [text === "echo is on", []];
    addLine("notice", linked(text));
  },
  refused({ text }) {
    if (/^too long/.test(text)) unconfirmed.shift();
    addLine("refused", linked(text));
  },
  bye: ({ text }) => addLine("bye", [text]),
};

function called(nick) {
  me.nick = nick;
  tint($("nick"), nick).textContent = $("nick").value = nick;
}

function entered(room) {
  me.room = $("room").textContent = room;
  $("topic").textContent = $("topic").title = "";
  input.placeholder = `Message ${room}`;
  people.clear();
  hush();
  for (const line of log.children) line.hidden = isElsewhere(line);
  toBottom();
  showRooms();
  showTitle();
}

function counted(room, here) {
  rooms.set(room, here);
  if (room === me.room) $("here").textContent = here;
  showRooms();
  showPeople();
}

function listed(counts) {
  rooms.clear();
  counts.forEach((here, room) => rooms.set(room, here));
  showRooms();
}

// ---- The log: one child a message ----

/** The line that says where we came: what was said there before goes above it. */
let arrived;
let atBottom = true, top = 0, below = 0, unread = 0;

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const calendar = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

/** Adds a line before `next`, or as the last. `ts` is the server's time; one without a room is shown in all. */
function addLine(kind, words, { ts, nick = "", room = me.room, next = null } = {}) {
  const when = new Date(ts ?? Date.now());
  const time = make("time", { dateTime: when.toISOString() }, clock.format(when));
  const line = make("p", { data: { kind, room, nick, ts: ts ?? "", when: when.getTime() } }, time, " ");
  if (nick) tint(line, nick).append(name(nick), " ");
  line.append(make("span", { className: "text", dir: "auto" }, ...words));
  line.toggleAttribute("data-me", nick === me.nick);
  line.hidden = isElsewhere(line);
  log.insertBefore(line, next);
  place(line);
  if (log.childElementCount > MAX_LINES) log.firstElementChild.remove();
  if (!atBottom && !next && !line.hidden) showBelow(below + 1);
  requestAnimationFrame(() => atBottom && toBottom());
  return line;
}

/** What appears in the log now is not new, so screen readers need not read it out. */
function hush() {
  log.setAttribute("aria-live", "off");
  setTimeout(() => log.setAttribute("aria-live", "polite"), 500);
}

const isElsewhere = ({ dataset: { room } }) => room !== "" && room !== me.room;

/** Marks what sets a line apart from the one above it: another day; or not: the same speaker. */
function place(line) {
  let above = line.previousElementSibling;
  while (above?.hidden) above = above.previousElementSibling;
  const { kind, nick, when } = line.dataset, day = calendar.format(when);
  const sameDay = above && calendar.format(above.dataset.when) === day;
  if (sameDay) delete line.dataset.day;
  else line.dataset.day = day;
  line.toggleAttribute("data-more", Boolean(sameDay && kind !== "private" && kind === above.dataset.kind &&
    nick === above.dataset.nick && when - above.dataset.when < BREATH));
}

function addSpeech({ t, room, nick, text, ts }) {
  const line = addLine(t, linked(text), { ts, nick, room });
  if (!people.has(nick)) {
    people.add(nick);
    showPeople();
  }
  // Lines come back in the order in which they were sent, though the server may have cleaned them.
  if (nick === me.nick) return void unconfirmed.splice(0, unconfirmed.indexOf(text) + 1 || 1);
  line.toggleAttribute("data-mention", new RegExp(`(?<![\\w-])${me.nick}(?![\\w-])`, "i").test(text));
  noticed();
}

/** Puts what was said earlier in its place, unless it is there already. */
function addPast(room, { t, nick, text, ts }) {
  const said = [...log.children].filter(({ dataset }) => dataset.room === room && dataset.ts);
  if (said.some((line) => Number(line.dataset.ts) === ts && line.dataset.nick === nick &&
    line.querySelector(".text").textContent === text)) return null;
  const next = said.find((line) => line.dataset.ts > ts) ?? (arrived?.isConnected ? arrived : null);
  return addLine(t, linked(text), { ts, nick, room, next });
}

/** A nick in its colour. */
const name = (nick) => tint(make("b", { className: "nick" }, nick), nick);

/** A hash of the nick is its hue; style.css makes it readable, on light and on dark. */
function tint(node, nick) {
  let hash = 0;
  for (const letter of nick.toLowerCase()) hash = Math.imul(hash ^ (hash >>> 15) ^ letter.charCodeAt(0), 0x2c1b3c6d);
  node.style.setProperty("--hue", (hash >>> 7) % 360);
  return node;
}

/** An address, without the punctuation that ends the sentence around it. */
const ADDRESS = /(\bhttps?:\/\/(?:[^\s<>"()]|\([^\s<>"()]*\))*(?:[^\s<>"().,:;!?'\]}]|\([^\s<>"()]*\)))/i;

function linked(text) {
  const link = (href) => make("a", { href, target: "_blank", rel: "noopener noreferrer" }, href);
  return text.split(ADDRESS).map((part, number) => (number % 2 ? link(part) : part));
}

/** While this is so, the browser must not keep in place what one sees, as it does while one reads further up. */
function setAtBottom(is) {
  atBottom = is;
  log.style.overflowAnchor = is ? "none" : "auto";
}

function toBottom() {
  setAtBottom(true);
  log.scrollTop = log.scrollHeight;
  top = log.scrollTop;
  showBelow(0);
}

function showBelow(number) {
  below = number;
  $("new").hidden = !number;
  $("new").textContent = number === 1 ? "1 new message" : `${number} new messages`;
}

const isLookedAt = () => !document.hidden && document.hasFocus();

/** Somebody wrote: that counts until it is looked at. */
function noticed() {
  if (isLookedAt()) return;
  unread += 1;
  showTitle();
}

function looked() {
  if (!isLookedAt()) return;
  unread = 0;
  showTitle();
}

function showTitle() {
  const title = [me.room, me.server].filter(Boolean).join(" · ") || "chatd";
  document.title = unread ? `(${unread}) ${title}` : title;
}

// ---- The lists ----

/** Makes a list's items those of `keys`, in that order, leaving alone, and in focus, what stays. */
function showList(list, keys, item) {
  const old = new Map([...list.children].map((child) => [child.dataset.key, child]));
  const items = keys.map((key) => old.get(key) ?? item(key));
  keys.forEach((key) => old.delete(key));
  old.forEach((child) => child.remove());
  items.forEach((child, at) => list.children[at] === child || list.insertBefore(child, list.children[at] ?? null));
  return items;
}

function showPeople() {
  const nicks = [...people].sort((a, b) => a.localeCompare(b));
  const button = (nick) => make("button", { type: "button", className: "nick", title: `Write to ${nick} only` }, nick);
  const items = showList($("people"), nicks, (nick) => make("li", { data: { key: nick } }, tint(button(nick), nick)));
  items.forEach((item) => item.toggleAttribute("data-me", item.dataset.key === me.nick));
}

function showRooms() {
  rooms.set(me.room, rooms.get(me.room) ?? null);
  const names = [...rooms.keys()].filter((room) => room === me.room || room === "lobby" || rooms.get(room) !== 0);
  const item = (room) => make("li", { data: { key: room } }, make("button", { type: "button" }, room));
  for (const { dataset: { key }, firstChild: button } of showList($("rooms"), names.sort(), item)) {
    button.dataset.here = rooms.get(key) ?? "";
    button.setAttribute("aria-current", key === me.room);
  }
}

function showSide(open) {
  document.body.toggleAttribute("data-side", open);
  $("menu").setAttribute("aria-expanded", open);
  if (open) askForLists("/who", "/rooms");
}

// ---- What the user writes ----

/** What was written, oldest first; `turn` is the place in it, the draft being behind the last. */
const written = [];
let turn = 0, draft = "";

function submit() {
  const lines = input.value.split(/\r\n?|\n/).filter((line) => line.trim());
  if (!lines.length) return;
  if (document.body.dataset.state !== "open") {
    $("status").textContent = "Not sent: there is no connection. Your text stays here.";
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
  input.style.height = `${input.scrollHeight}px`;
}

/** Shows what was written before or after what is shown. */
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

// ---- Everything else that can be pressed ----

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
$("join").onsubmit = (event) => {
  event.preventDefault();
  say(`/join ${$("where").value}`);
  $("where").value = "";
  showSide(false);
};
$("rooms").onclick = ({ target }) => {
  const room = target.closest("li")?.dataset.key;
  if (room && room !== me.room) say(`/join ${room}`);
  if (room) showSide(false);
};
$("people").onclick = ({ target }) => {
  const nick = target.closest("li")?.dataset.key;
  if (!nick) return;
  showSide(false);
  write(`/msg ${nick} ${input.value}`);
  input.focus();
};
$("menu").onclick = () => showSide(!("side" in document.body.dataset));
$("shade").onclick = () => showSide(false);
$("retry").onclick = connect;
$("new").onclick = toBottom;
log.onscroll = () => {
  // Only going up leaves the bottom: lines that came meanwhile put it further down, too.
  const isNear = log.scrollHeight - log.scrollTop - log.clientHeight < 48;
  if (isNear || log.scrollTop < top) setAtBottom(isNear);
  if (isNear) showBelow(0);
  top = log.scrollTop;
};
new ResizeObserver(() => atBottom && toBottom()).observe(log);

document.onkeydown = ({ key, target, ctrlKey, altKey, metaKey }) => {
  if (key === "Escape" && "side" in document.body.dataset) {
    showSide(false);
    $("menu").focus();
  }
  // Typing needs no click into the input first.
  if (key.length === 1 && key !== " " && !ctrlKey && !altKey && !metaKey && [document.body, log].includes(target)) input.focus();
};
document.onvisibilitychange = () => {
  looked();
  if (!document.hidden && Date.now() - heard > SILENCE) wake();
};
window.onresize = fit;
window.onfocus = looked;
window.ononline = wake;

connect();
