import { type Html, html } from "./html.ts";
import { home, scriptPath, stylePath } from "./paths.ts";

/** A whole document. */
export function documentOf(title: string, main: Html): string {
  return `<!DOCTYPE html>\n${html`
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="referrer" content="same-origin">
        <title>${title}</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="${stylePath}">
        <script src="${scriptPath}" defer></script>
      </head>
      <body>
        <a class="skip" href="#main">To the content</a>
        <header><a href="${home}" class="brand">Artifact Vault</a></header>
        <main id="main">
    ${main}
        </main>
      </body>
    </html>
  `}`;
}

/** A section with its heading. Where it is live, the script replaces what is in it. */
export function section(id: string, title: string, content: Html, isLive = false): Html {
  return html`
    <section id="${id}" aria-labelledby="${id}-title">
      <h2 id="${id}-title">${title}</h2>
      <div${isLive && html`
        data-live="${id}"
      `}>${content}</div></section>
  `;
}
