// What the user sends, until the server certainly got it. Only a few lines are on their way at once:
// the server slows a client down by not reading, and what was sent ahead could not be taken back.

import * as account from "./account.js";
import { commandOf } from "./compose.js";

/** Most lines on their way. */
const MAX_SENT = 10;
/** How long a line may take to come back, in milliseconds. Then the connection counts as lost. */
const PATIENCE = 40_000;
/** Commands whose text people read, and whose answer is that text. */
const SPEECH = ["", "me", "msg", "reply"];

/** What the server still has to send. */
export const awaited = {
  echo: true,
  /**
   * For each expected pong, the room counts that come before it, or the number of lines that it
   * confirms; `null` if the user sent the ping.
   */
  pongs: [],
  /** Whether the user asked for these, so that the log shows the answer. */
  people: false,
  history: false,
  room: false,
};

/** Lines that wait, and lines on their way: `text`, `room`, `name` of the command, `at` when it was sent. */
let waiting = [], sent = [];
/** Whether a ping is on its way that confirms lines. */
let isConfirming = false;
/** Sends a text to a room; reports what the server did not get. */
let transmit, giveBack;

export function start(send, returned) {
  [transmit, giveBack] = [send, returned];
}

/** Sends lines that the user typed, now or as soon as the server has taken those before. */
export function post(lines, room) {
  waiting.push(...lines.map((text) => ({ text, room, name: commandOf(text) })));
  pump();
}

function pump() {
  while (waiting.length && sent.length < MAX_SENT) {
    const line = { ...waiting.shift(), at: Date.now() };
    account.heed(line.text);
    // In a room that the user is not in any more, it would be refused.
    const isPing = line.name === "ping" && !/ping\s+\S/i.test(line.text);
    if (!transmit(line.text, isPing ? "" : line.room)) return void waiting.unshift(line);
    if (isPing) awaited.pongs.push(null);
    else sent.push(line);
    if (line.name === "who") awaited.people = true;
    if (line.name === "history") awaited.history = true;
    if (/^\s*\/room\s*$/i.test(line.text)) awaited.room = true;
  }
  if (!sent.length || isConfirming) return;
  isConfirming = transmit("/ping");
  if (isConfirming) awaited.pongs.push(sent.length);
}

/** The server has handled so many lines. */
export function confirmed(number) {
  sent.splice(0, number - gone);
  gone = 0;
  isConfirming = false;
  pump();
}

/** Lines that came back or were refused since the last ping. */
let gone = 0;

function remove(at) {
  if (at < 0) return undefined;
  gone += isConfirming ? 1 : 0;
  return sent.splice(at, 1)[0];
}

/** An own line came back; the server may have filtered its text. */
export function cameBack(text) {
  const at = sent.findIndex((line) => line.text === text || line.text === `/${text}`);
  remove(at >= 0 ? at : sent.findIndex(({ name }) => name === ""));
}

/** The server refused something; returns the text if it was one for people. */
export function refused(why) {
  const isForSpeech = /^(?:too long: |you are muted|slow down: |only registered people may speak|you are not in )|; not sent$/.test(why);
  if (!isForSpeech || /^did you mean /.test(why)) return undefined;
  const bytes = Number(/^too long: (\d+) bytes/.exec(why)?.[1] ?? 0);
  const left = /^you are not in (\S+)$/.exec(why)?.[1];
  const isSpeech = ({ room, name }) => SPEECH.includes(name) && (!left || room === left);
  const is = (line) => (bytes ? new TextEncoder().encode(line.text).length === bytes : isSpeech(line));
  return remove(sent.findIndex(is))?.text;
}

/** Whether a line is on its way for too long. */
export const isOverdue = () => sent.length > 0 && Date.now() - sent[0].at > PATIENCE;

/** The connection is gone. */
export function lost() {
  const lines = [...sent, ...waiting].map(({ text }) => text);
  [waiting, sent, isConfirming, gone] = [[], [], false, 0];
  [awaited.pongs, awaited.echo] = [[], true];
  if (lines.length) giveBack(lines);
}
