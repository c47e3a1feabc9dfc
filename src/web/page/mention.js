// Lines that name the user: marks, and notifications while the page is hidden.

import { chime } from "./preferences.js";
import { $, me, recall, remember } from "./page.js";

const toggle = $("notify");

/** Whether a text has the user's nick as a whole word. */
export function isNamed(text) {
  return me.nick !== "" && new RegExp(`(?<![\\w-])${me.nick}(?![\\w-])`, "i").test(text);
}

/** Marks a line, and reports whether it names the user: a line of another, or a private message. */
export function mark(line, nick, text, isPrivate = false) {
  const is = nick !== me.nick && (isPrivate || isNamed(text));
  line.classList.toggle("mention", is);
  line.toggleAttribute("data-mention", is);
  return is;
}

const canNotify = () => "Notification" in window && window.isSecureContext;
const isOn = () => recall("localStorage", "notify") === "on" && canNotify() && Notification.permission === "granted";

function show() {
  toggle.checked = isOn();
  toggle.setAttribute("aria-checked", toggle.checked);
}

/** Shows a notification, one for each room, with a sound if the user wants one. */
export function notify(place, nick, text) {
  chime();
  if (!document.hidden || !isOn()) return;
  try {
    const shown = new Notification(nick, { body: text, tag: place, renotify: true });
    shown.onclick = () => {
      window.focus();
      shown.close();
      me.show?.(place);
    };
  } catch {
    // Some phones allow it to service workers only.
  }
}

// Only a click may ask for the permission.
toggle.onchange = async () => {
  const wanted = toggle.checked;
  remember("localStorage", "notify", wanted ? "on" : "off");
  if (wanted && canNotify() && Notification.permission === "default") await Notification.requestPermission();
  if (wanted && !isOn()) {
    remember("localStorage", "notify", "off");
    $("status").textContent = canNotify()
      ? "The browser does not allow notifications of this page."
      : "The browser allows notifications only over https.";
  }
  show();
};
show();
