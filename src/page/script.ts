import { home, livePath } from "./paths.ts";

/**
 * The script of all pages: it replaces the live parts as the server sends them, copies lines, and says whether this
 * browser's machine reaches the vault. Without it the pages say the same, as of when they were loaded.
 */
export const script = `
"use strict";
const reach = document.getElementById("reach");
const live = new Map([...document.querySelectorAll("[data-live]")].map((part) => [part.dataset.live, part]));

function isInUse(part) {
  const selection = getSelection();
  const selects = selection && !selection.isCollapsed && part.contains(selection.anchorNode);
  return selects || part !== document.activeElement && part.contains(document.activeElement);
}

if (live.size > 0) {
  const events = new EventSource("${livePath}");
  for (const [name, part] of live) {
    events.addEventListener(name, ({ data }) => {
      if (!isInUse(part)) part.innerHTML = JSON.parse(data);
    });
  }
  addEventListener("pagehide", () => events.close());
}

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
    ({ ok }) => reach.textContent = ok ? "This browser's machine reaches it." : "It answers this browser with an error.",
    () => reach.textContent = "This browser's machine does not reach it any more.",
  );
}

for (const form of document.querySelectorAll("form[data-asks]")) {
  form.addEventListener("submit", (event) => {
    if (!confirm(form.dataset.asks)) event.preventDefault();
  });
}

if (location.pathname !== "${home}") document.querySelector("#search")?.focus();
`;
