import { shownBytes } from "../observe/shown_bytes.ts";
import { entryLink } from "./entry_link.ts";
import { foreign } from "./foreign_text.ts";
import { type Content, type Html, html } from "./html.ts";
import { escapedPattern } from "../inventory/pattern.ts";
import type { Notice } from "./changes.ts";
import { changePath } from "./paths.ts";
import { ago } from "./shown.ts";

/** One variant of an entry, as the API describes it. */
export interface ShownEntry {
  readonly name: string;
  readonly url: string;
  readonly location?: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly storedAt: number;
  readonly validatedAt: number;
  readonly isStored: boolean;
  readonly usedAt: number | null;
  readonly freshness: string;
  readonly decision: string | null;
  readonly next: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The request headers by which upstream chose this variant; none where it has no others. */
  readonly variesBy: readonly (readonly [name: string, value: string])[];
  readonly pins: readonly string[];
  readonly sameBytes: readonly string[];
}

export interface EntryPageOptions {
  readonly now: number;
  /** What is said about the change that the client has asked for; null where it has asked for none. */
  readonly notice: Notice | null;
  /** True for who may change something. */
  readonly mayChange: boolean;
}

/** The page of one entry, with all its variants. */
export function entryPage(name: string, variants: readonly ShownEntry[], options: EntryPageOptions): Html {
  const { notice, mayChange } = options;
  return html`<h1>${foreign(name, 400)}</h1>
    ${notice !== null && noticeOf(notice)}
    ${variants.length === 0 && html`<p>Nothing of this name is in the cache.</p>`}
    ${
    variants.map((variant, at) =>
      variantOf(variant, { title: variants.length > 1 ? `Variant ${at + 1}` : null, now: options.now })
    )
  }
    ${
    variants.length > 0 && (mayChange ? changes(name, variants) : html`
      <p
        class="small">It can be purged, pinned and revalidated on this page from the vault's own machine, at http://127.0.0.1 or http://localhost, or with <code>artifact-vault cache</code> there.</p>
    `)
  }`;
}

function noticeOf({ text, mood, isOpen }: Notice): Html {
  return html`<p class="verdict ${mood}" role="status">${foreign(text, 600)}</p>${
    isOpen && html`<p>That takes a while. Load this page again to see what has come of it.</p>`
  }`;
}

function variantOf(entry: ShownEntry, { title, now }: { readonly title: string | null; readonly now: number }): Html {
  const { url, location, sizeBytes, sha256, storedAt, validatedAt, isStored, usedAt, pins, sameBytes } = entry;
  return html`
    ${title !== null && html`<h2>${title}</h2>`}<dl>
        ${entry.variesBy.length > 0 && fact("For requests with", entry.variesBy.map(choiceOf))}
        ${fact("From", foreign(url, 400))}
        ${location !== undefined && location !== url && fact("Redirected to", foreign(location, 400))}
        ${fact("Size", shownBytes(sizeBytes))}
        ${fact("SHA-256", html`<code>${sha256}</code>`)}
        ${fact("Stored", ago(storedAt, now))}
        ${fact("Confirmed by upstream", ago(validatedAt, now))}
        ${fact("Last used", usedAt === null ? "–" : ago(usedAt, now))}
        ${!isStored && fact("Body", "is not there any more, and is fetched with the next request")}
        ${fact("Freshness", foreign(entry.freshness, 300))}
        ${fact("The next client", foreign(entry.next, 300))}
        ${pins.length > 0 && fact(
          "Pinned by",
          pins.map((pin) =>
            html`
              <code>${foreign(pin)}</code>
            `
          ),
        )}
        ${fact(
          "Others with these bytes",
          sameBytes.length === 0 ? "none" : sameBytes.map((name) => html`${entryLink(name)}<br>`),
        )}
        </dl>
        <details>
      <summary>Headers</summary>
      <dl>${entry.headers.map(([name, value]) => fact(foreign(name), foreign(value, 300)))}</dl>
    </details>
  `;
}

function choiceOf([name, value]: readonly [name: string, value: string]): Html {
  return value === "" ? html`no ${foreign(name)}<br>` : html`${foreign(name)}: ${foreign(value, 300)}<br>`;
}

function fact(name: Content, value: Content): Html {
  return html`
    <dt>${name}</dt>
    <dd>${value}</dd>
  `;
}

function changes(name: string, variants: readonly ShownEntry[]): Html {
  const pins = new Set(variants.flatMap(({ pins }) => pins));
  const isPinned = pins.has(name) || pins.has(escapedPattern(name));
  return html`
    <h2>Change it</h2>
    <div class="changes">
        ${changeForm(name, "revalidate", "Ask upstream about it now")}
        ${isPinned ? changeForm(name, "unpin", "Unpin") : changeForm(name, "pin", "Pin: never evict it")}
        ${pins.size === 0 && changeForm(name, "purge", "Purge: remove it", "Remove it from the cache?")}</div>
    ${pins.size > 0 &&
      html`<p class="small">What is pinned cannot be purged: remove ${pins.size === 1 ? "its pin" : "its pins"} first${
        !isPinned && html`, with <code>artifact-vault cache unpin</code>`
      }.</p>`}
  `;
}

function changeForm(name: string, change: string, words: string, asks: string | null = null): Html {
  return html`
    <form action="${changePath}" method="post" ${asks !== null && html`
      data-asks="${asks}"
    `}>
        <input type="hidden" name="name" value="${name}"><button name="change" value="${change}">${words}</button></form>
  `;
}
