import { livePath } from "./paths.ts";

/**
 * The script of all pages: it changes the live parts as the server sends them, unless one is in use, counts ages on, copies lines, and says
 * whether this computer reaches the vault. Without it the pages say the same, as of when they were loaded.
 */
export const script = `
"use strict";
const reach = document.getElementById("reach");
const connection = document.getElementById("connection");
const pause = document.getElementById("pause");
const outdated = document.getElementById("outdated");
const live = new Map([...document.querySelectorAll("[data-live]")].map((part) => [part.dataset.live, part]));
const ahead = Number(document.documentElement.dataset.now) - Date.now();
const units = [["y", 365 * 86400000], ["d", 86400000], ["h", 3600000], ["min", 60000], ["s", 1000]];

function shownLength(ms) {
  const [unit, length] = units.find(([, length]) => ms >= length) ?? units.at(-1);
  return Math.floor(Math.max(0, ms) / length) + " " + unit;
}

function tellAges(part) {
  const selection = getSelection();
  for (const time of part.querySelectorAll("time[datetime]")) {
    const text = shownLength(Date.now() + ahead - Date.parse(time.dateTime)) + " ago";
    if (time.textContent === text || !selection.isCollapsed && selection.containsNode(time, true)) continue;
    time.textContent = text;
  }
}

function isInUse(part) {
  const selection = getSelection();
  const focused = document.activeElement;
  return !selection.isCollapsed && selection.containsNode(part, true) ||
    part.contains(focused) && focused.matches("a, button, input, summary");
}

function change(old, fresh) {
  const known = [...old.childNodes];
  const wanted = [...fresh.childNodes];
  for (const [at, node] of wanted.entries()) {
    const was = known[at];
    if (was === undefined) old.append(node);
    else if (was.nodeName !== node.nodeName) was.replaceWith(node);
    else if (node.nodeType !== Node.ELEMENT_NODE) { if (was.data !== node.data) was.data = node.data; }
    else if (!was.isEqualNode(node)) {
      for (const { name } of [...was.attributes]) if (!node.hasAttribute(name)) was.removeAttribute(name);
      for (const { name, value } of node.attributes) if (was.getAttribute(name) !== value) was.setAttribute(name, value);
      change(was, node);
    }
  }
  for (const node of known.slice(wanted.length)) node.remove();
}

const pending = new Map();
let events = null;
let isPaused = false;

function say(text) {
  if (connection.textContent !== text) connection.textContent = text;
}

function showPending() {
  for (const [name, data] of pending) {
    const part = live.get(name);
    if (isInUse(part)) continue;
    pending.delete(name);
    const fresh = document.createElement("template");
    fresh.innerHTML = JSON.parse(data);
    tellAges(fresh.content);
    change(part, fresh.content);
  }
  if (events?.readyState === EventSource.OPEN) {
    say(pending.size === 0 ? "live" : "live, but for the section in which something is selected or has the focus");
  }
}

function listen() {
  events = new EventSource("${livePath}");
  events.addEventListener("open", showPending);
  events.addEventListener("error", () => {
    const { CLOSED } = EventSource;
    say("not live: the vault sends this page nothing. It asks again every few seconds");
    if (events.readyState !== CLOSED) return;
    setTimeout(() => events?.readyState === CLOSED && listen(), 10000);
  });
  for (const name of live.keys()) {
    events.addEventListener(name, ({ data }) => {
      pending.set(name, data);
      showPending();
    });
  }
  events.addEventListener("made", ({ data }) => {
    outdated.hidden = outdated.dataset.made === JSON.parse(data);
  });
}

function listenWhileSeen() {
  events?.close();
  events = null;
  if (isPaused) say("paused");
  else if (!document.hidden) listen();
}

if (live.size > 0) {
  listenWhileSeen();
  document.addEventListener("visibilitychange", listenWhileSeen);
  addEventListener("pagehide", () => events?.close());
  addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  setInterval(showPending, 1000);
  pause.hidden = false;
  pause.addEventListener("click", () => {
    isPaused = !isPaused;
    pause.textContent = isPaused ? "Resume" : "Pause";
    listenWhileSeen();
  });
}
setInterval(() => document.hidden || tellAges(document), 1000);

for (const button of document.querySelectorAll("button.copy")) {
  if (!navigator.clipboard) break;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
    button.textContent = "Copied";
    setTimeout(() => button.textContent = "Copy", 2000);
  });
}

if (reach) {
  fetch("/-/healthz", { cache: "no-store" }).then(
    ({ ok }) => reach.textContent = ok ? "Programs on this computer can reach it." : "It answers this browser with an error.",
    () => reach.textContent = "This computer does not reach it any more.",
  );
}

for (const form of document.querySelectorAll("form[data-asks]")) {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.asks)) event.preventDefault();
  });
}
`;
