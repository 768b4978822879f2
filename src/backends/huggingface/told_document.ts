import type { Parser } from "../../document.ts";
import type { HeaderList } from "../../http/headers.ts";
import { jsonOrNull } from "../../http/json.ts";

/** How documents of the API are changed for clients. */
export interface Telling {
  /** The Hub's URL, without a slash at its end. */
  readonly upstream: string;
  /** The backend's URL as the client wrote it. */
  readonly base: string;
  /** True where nothing may say that there is Xet. */
  readonly hidesXet: boolean;
  /** True for the bytes of a document that stays as it is, too. False when absent. */
  readonly always?: boolean;
}

/** Documents up to so many bytes are sent from memory. */
const largestInMemory = 1024 * 1024;
const xetKey = '"xetHash"';
const encoder = new TextEncoder();
const maxBytes = 64 * 1024 * 1024;

/** A document as clients get it. */
export interface ToldDocument {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** True where it is not the Hub's to the byte. */
  readonly isChanged: boolean;
}

/** Makes a parser for a document; null for a large one that clients get as it is, so that it is streamed. */
export function toldParser(telling: Telling): Parser<ToldDocument | null> {
  const { upstream, base, hidesXet, always = false } = telling;
  return {
    name: `for clients of ${base}${hidesXet ? " without Xet" : ""}${always ? ", whole" : ""}`,
    maxBytes,
    async parse(body) {
      const bytes = await body.bytes();
      const text = new TextDecoder().decode(bytes);
      const isChanged = text.includes(upstream) || (hidesXet && text.includes(xetKey));
      if (!isChanged) return bytes.byteLength > largestInMemory && !always ? null : { bytes, isChanged };
      const told = encoder.encode(withOwnUrls(hidesXet ? withoutXet(text) : text, { upstream, base }));
      return { bytes: told, isChanged };
    },
    sizeOf: (told) => told?.bytes.byteLength ?? 50,
  };
}

/** Leads the links of a list to the vault; those that lead elsewhere are left out. */
export function toldLinks(link: string, { upstream, base }: Telling): string | null {
  const links = [...link.matchAll(/<([^>]*)>([^<]*)/g)].flatMap(([, url = "", rest = ""]) => {
    const at = URL.parse(url, `${upstream}/`);
    const below = at?.href.startsWith(`${upstream}/`) ? at.href.slice(upstream.length) : null;
    return below === null ? [] : [`<${base}${below}>${rest.replace(/[,\s]+$/, "")}`];
  });
  return links.length === 0 ? null : links.join(", ");
}

/** The headers of a document for clients. One that is changed is another one for each name of the vault. */
export function toldHeaders(stored: HeaderList, telling: Telling, isChanged: boolean): HeaderList {
  return stored.flatMap(([name, value]): HeaderList => {
    if (!passed.has(name) || isChanged && validators.has(name)) return [];
    if (name !== "link") return [[name, value]];
    const link = toldLinks(value, telling);
    return link === null ? [] : [[name, link]];
  });
}

const passed: ReadonlySet<string> = new Set([
  ...["content-type", "date", "etag", "last-modified", "link", "x-repo-commit", "x-total-count"],
  ...["x-error-code", "x-error-message"],
]);

const validators: ReadonlySet<string> = new Set(["etag", "last-modified"]);

/** Replaces the Hub's URL where a whole string is one that clients would fetch from: of its API, or of a file. */
function withOwnUrls(text: string, { upstream, base }: Pick<Telling, "upstream" | "base">): string {
  return text.split(`"${upstream}/`).map((part, at) => {
    if (at === 0) return part;
    const path = part.slice(0, part.indexOf('"'));
    const isFetched = /^(?:api\/|v2\/|[^?\s]+\/(?:resolve|raw)\/)/.test(path);
    return `"${isFetched ? base : upstream}/${part}`;
  }).join("");
}

function withoutXet(text: string): string {
  const value = jsonOrNull(text);
  return value === null ? text : JSON.stringify(value, (key, inner) => key === "xetHash" ? undefined : inner);
}
