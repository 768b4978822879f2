import type { ProblemGroup } from "../status/problem_group.ts";
import { foreign } from "./foreign_text.ts";
import { type Html, html } from "./html.ts";
import { ago, type Moment, timesOf } from "./shown.ts";

/** What went wrong? */
export function problems(groups: readonly ProblemGroup[], now: Moment): Html {
  if (groups.length === 0) return html`<p>Nothing, since the start.</p>`;
  return html`<ul class="problems">${groups.slice(0, 30).map((group) => problemOf(group, now))}</ul>`;
}

function problemOf(
  { title, advice, backend, count, lastAt, message, path, requestId }: ProblemGroup,
  now: Moment,
): Html {
  return html`<li><strong>${title}</strong>${
    backend !== "" && html`
      (${foreign(backend)})
    `
  }
    <span class="small">${timesOf(count)}, last ${ago(lastAt, now)}</span>
    <p>${advice}.</p>
    ${message !== "" && html`<p class="small">${foreign(message, 400)}</p>`}
    ${
    path !== "" &&
    html`<p class="small">Last asked: ${foreign(path)}${
      requestId !== "" && html`, in the log as ${foreign(requestId)}`
    }</p>`
  }</li>`;
}
