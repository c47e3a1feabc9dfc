// The dialog in which the user takes a name, or logs in to an account. A guest who comes for the
// first time sees it above the input, and may write as a guest all the same.

import { isOpen } from "./link.js";
import { post } from "./outbox.js";
import { $, me, recall, remember, wanted } from "./page.js";
import { people } from "./places.js";

const dialog = $("naming"), form = dialog.firstElementChild, field = $("name"), rule = $("naming-rule");
const RULE = rule.textContent;
const RESERVED = ["server", "admin", "root", "chatd"];

/** The name that was sent, while its answer is awaited. */
let asked = "";
/** Why the server refused names since the dialog was opened. */
const refusals = new Map();

/** As the server compares names: case and look-alikes do not matter. */
const folded = (name) => name.toLowerCase().replace(/0/g, "o").replace(/[1i]/g, "l");
const holder = (name) => [...people()].find((nick) => nick !== me.nick && folded(nick) === folded(name));

/** What keeps a name from being taken, in words; empty if nothing is known to. */
function problemOf(name) {
  const odd = /[^A-Za-z0-9_-]/u.exec(name)?.[0];
  if (odd) return `A name cannot contain ${odd.trim() ? `“${odd}”` : "a blank"}.`;
  if (/^[^A-Za-z]/.test(name)) return "A name begins with a letter.";
  if (name.length > 16) return `A name has at most 16 characters; this one has ${name.length}.`;
  if ($("has-account").checked) return "";
  if (/^guest|serv$/i.test(name) || RESERVED.map(folded).includes(folded(name))) return `${name} is reserved.`;
  const other = holder(name);
  return other ? `${other} is here already.` : (refusals.get(folded(name)) ?? "");
}

const LETTERS = { ß: "ss", æ: "ae", œ: "oe", ø: "o", ł: "l", đ: "d", ð: "d", þ: "th", ı: "i" };

/** A name that would do, for what people are called elsewhere; empty if there is none. */
function nameLike(text) {
  const latin = text.trim().toLowerCase().replace(/[ßæœøłđðþı]/g, (letter) => LETTERS[letter]);
  const plain = latin.normalize("NFKD").replace(/\p{M}/gu, "").replace(/[^a-z0-9_-]+/g, "-");
  const name = plain.replace(/^[^a-z]+/, "").slice(0, 16).replace(/-+$/, "");
  if (!name || !problemOf(name)) return name;
  return [2, 3, 4, 5].map((number) => `${name.slice(0, 14)}-${number}`).find((one) => !problemOf(one)) ?? "";
}

function judge() {
  const name = field.value.trim(), problem = problemOf(name);
  tell(problem || RULE, Boolean(problem));
  const other = problem ? nameLike(name) : "";
  $("offer").hidden = !other;
  $("offer").textContent = `Take ${other}`;
  $("offer").value = other;
}

function tell(words, isWrong) {
  rule.textContent = words;
  rule.classList.toggle("wrong", isWrong);
}

/** Asks for the password of an account, for one of a new account, or for none. */
function showPassword(kind) {
  const isKnown = kind === "known", isNew = kind === "new";
  $("has-account").checked = isKnown;
  $("keep-name").checked = isNew;
  $("has-account").parentNode.hidden = isNew;
  $("keep-name").parentNode.hidden = isKnown;
  $("secret").hidden = !kind;
  $("password").required = Boolean(kind);
  $("password").autocomplete = isNew ? "new-password" : "current-password";
  $("password").minLength = isNew ? 8 : 0;
  $("take").textContent = isKnown ? "Log in" : isNew ? "Keep this name" : "Take this name";
}

function prepare(name) {
  asked = "";
  refusals.clear();
  field.value = name;
  showPassword("");
  judge();
}

/** Asks a guest who comes for the first time, if there is room beside what is said. */
export function greet(room) {
  const isKnown = wanted.nick || wanted.usualNick || recall("sessionStorage", "greeted");
  if (isKnown || matchMedia("(max-height: 24rem)").matches) return;
  prepare("");
  $("naming-where").hidden = false;
  $("naming-where").textContent = `You are in #${room || "lobby"}.`;
  $("cancel").textContent = "Stay a guest";
  dialog.show();
  field.focus();
}

$("nick").onclick = () => {
  dialog.close();
  prepare(/^guest/i.test(me.nick) ? "" : me.nick);
  $("naming-where").hidden = true;
  $("cancel").textContent = "Cancel";
  dialog.showModal();
};

field.oninput = ({ data }) => {
  // Some phones add a blank to each word.
  if (data !== " ") field.value = field.value.trim();
  judge();
};
$("offer").onclick = () => {
  field.value = $("offer").value;
  judge();
  field.focus();
};
for (const [box, kind] of [["has-account", "known"], ["keep-name", "new"]]) {
  $(box).onchange = ({ target }) => {
    showPassword(target.checked ? kind : "");
    judge();
    if (target.checked) (field.value ? $("password") : field).focus();
  };
}
$("cancel").onclick = () => dialog.close();
dialog.onkeydown = (event) => {
  if (event.key === "Escape") dialog.close();
};

form.onsubmit = (event) => {
  const name = field.value, hasAccount = $("has-account").checked, isNew = $("keep-name").checked;
  if (name === me.nick && !hasAccount && !isNew) return;
  event.preventDefault();
  if (!isOpen()) return tell("There is no connection now. Try again in a moment.", true);
  asked = name;
  if (hasAccount) return post([`/login ${name} ${$("password").value}`], me.room);
  if (name === me.nick) register();
  else post([`/nick ${name}`], me.room);
};

const register = () => post([`/register ${$("password").value}`], me.room);

/** The user has a name now; `isKept`: and an account. */
export function named(nick, isKept = false) {
  if (asked && $("keep-name").checked && !isKept) return register();
  asked = "";
  if (dialog.open && !/^guest/i.test(nick)) dialog.close();
}

/** Shows why a name was refused; returns whether it was asked for here. */
export function refused(why) {
  if (!asked || !dialog.open) return false;
  const isRegistered = / is registered; /.test(why), words = isRegistered ? `${asked} is registered. If it is yours, type its password.` : `${why}.`;
  if ($("secret").hidden || isRegistered) refusals.set(folded(asked), words);
  asked = "";
  judge();
  if (isRegistered) showPassword("known");
  tell(words, true);
  ($("secret").hidden ? field : $("password")).select();
  return true;
}

dialog.onclose = () => {
  if (dialog.open) return;
  $("password").value = "";
  remember("sessionStorage", "greeted", "yes");
  const { activeElement: at } = document;
  if (at === document.body || at === $("nick") || dialog.contains(at)) $("input").focus();
};
