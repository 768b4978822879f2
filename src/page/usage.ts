import { foreign } from "./foreign_text.ts";
import { type Html, html } from "./html.ts";

/** A backend as clients are pointed at it. */
export interface UsableBackend {
  readonly name: string;
  readonly type: string;
  readonly prefix: string;
  /** There is at least one. */
  readonly clients: readonly ClientLines[];
}

/** What the user of a client types or writes, in one of these ways. */
export interface ClientLines {
  readonly client: string;
  readonly ways: readonly string[];
}

/** How do I use it? `origin` is this server's address as the browser wrote it. */
export function usage(backends: readonly UsableBackend[], origin: string): Html {
  if (backends.length === 0) return html`<p>No backend is configured: see docs/configuration.md.</p>`;
  return html`
    <p>This vault is at <code>${foreign(origin)}</code>. <span id="reach" class="small" role="status"></span></p>
    <p class="small">Scripts show what they change and keep what was there. With <code>| sh -s -- --dry-run</code> they
      change nothing, with <code>| sh -s -- --undo</code> they restore it.</p>
    ${backends.map(backendUsage)}
  `;
}

function backendUsage({ name, type, prefix, clients }: UsableBackend, at: number): Html {
  const group = `tabs-${at}`;
  return html`
    <div class="backend">
      <h3>${foreign(prefix)} <span class="small">backend ${foreign(name)}${name !== type &&
        html`, of type ${type}`}</span></h3>
      <div class="tabs">${clients.map(({ client, ways }, index) =>
        html`
          <details name="${group}" ${index === 0 && html`
            open
          `}>
            <summary>${client}</summary>
            ${ways.map((lines, way) => linesToCopy(lines, `${group}-${index}-${way}`))}
          </details>
        `
      )}</div>
    </div>
  `;
}

function linesToCopy(lines: string, id: string): Html {
  return html`
    <div
      class="lines"><pre id="${id}" tabindex="0">${lines}</pre><button type="button" class="copy" data-copies="${id}" aria-describedby="${id}" hidden>Copy</button></div>
  `;
}
