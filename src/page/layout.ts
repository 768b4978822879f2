import { type Html, html } from "./html.ts";
import { scriptUrl, styleUrl } from "./assets.ts";
import { home } from "./paths.ts";

/** A whole document. `now` is the time of the server, in ms since the epoch: browsers have clocks that are wrong. */
export function documentOf(title: string, main: Html, now: number): string {
  return `<!DOCTYPE html>\n${html`
    <html lang="en" data-now="${now}">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="referrer" content="same-origin">
        <title>${title}</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="${styleUrl}">
        <script src="${scriptUrl}" defer></script>
      </head>
      <body>
        <a class="skip" href="#main">To the content</a>
        <header><a href="${home}" class="brand">Artifact Vault</a>
          <span id="connection" class="small" role="status"></span><button type="button" id="pause" class="small" hidden>Pause</button></header>
        <main id="main">
    ${main}
        </main>
      </body>
    </html>
  `}`;
}

/** A section with its heading. */
export function section(id: string, title: string, content: Html): Html {
  return html`
    <section id="${id}" aria-labelledby="${id}-title">
      <h2 id="${id}-title">${title}</h2>
      ${content}</section>
  `;
}

/** A part of a page that the script replaces by what the server sends under this name. */
export function live(name: string, content: Html): Html {
  return html`<div data-live="${name}">${content}</div>`;
}
