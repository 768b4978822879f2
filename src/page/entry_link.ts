import { foreign } from "./foreign_text.ts";
import { type Html, html } from "./html.ts";
import { entryPath } from "./paths.ts";

/** A link to the page of an entry. Browsers ask for no longer addresses than servers take. */
const mostLinked = 4000;

export function entryLink(name: string): Html {
  const path = entryPath(name);
  return path.length > mostLinked ? foreign(name) : html`<a href="${path}">${foreign(name)}</a>`;
}
