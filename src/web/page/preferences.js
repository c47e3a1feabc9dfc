// What the user prefers, kept in this browser: colours, times, density, and a sound.

import { $, recall, remember } from "./page.js";

const FORMS = { 24: { hourCycle: "h23" }, 12: { hourCycle: "h12" } };
const dialog = $("preferences");
const fields = ["theme", "clock", "density", "sound"].map((name) => dialog.querySelector(`[name=${name}]`));

/** The clock of lines that are copied. */
export const clock = formatFor("24");
let shownClock = formatFor(recall("localStorage", "clock"));

function formatFor(choice) {
  return new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", ...(FORMS[choice] ?? FORMS[24]) });
}

/** The time as the user wants to see it. */
export const clockOf = (when) => shownClock.format(when);

function apply() {
  shownClock = formatFor(recall("localStorage", "clock"));
  for (const time of $("log").querySelectorAll("time")) time.textContent = clockOf(new Date(time.dateTime));
  window.showLook();
}

let audio;

/** A short sound, if the user wants one. */
export function chime() {
  if (recall("localStorage", "sound") !== "on" || !("AudioContext" in window)) return;
  audio ??= new AudioContext();
  const tone = audio.createOscillator(), volume = audio.createGain(), now = audio.currentTime;
  tone.frequency.setValueAtTime(660, now);
  tone.frequency.setValueAtTime(880, now + 0.09);
  volume.gain.setValueAtTime(0.08, now);
  volume.gain.exponentialRampToValueAtTime(0.001, now + 0.35);
  tone.connect(volume).connect(audio.destination);
  tone.start(now);
  tone.stop(now + 0.35);
}

for (const field of fields) {
  const isSwitch = field.type === "checkbox";
  field.onchange = () => {
    remember("localStorage", field.name, isSwitch ? (field.checked ? "on" : "off") : field.value);
    apply();
    if (isSwitch) chime();
  };
}

$("prefer").onclick = () => {
  for (const field of fields) {
    const value = recall("localStorage", field.name);
    if (field.type === "checkbox") field.checked = value === "on";
    else field.value = [...field.options].some((option) => option.value === value) ? value : field.options[0].value;
  }
  dialog.showModal();
};
