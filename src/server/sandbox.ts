import type { HeaderList } from "../http/headers.ts";

/**
 * Types that a browser shows as a document that could run scripts: HTML, XML of every kind (SVG, XHTML, feeds, style
 * sheets), several parts in one, and whatever it would guess about because the type is missing or is no type.
 */
const documentType = /html|xml|svg|xsl|multipart|unknown|\*|^[^/]*$/i;

/**
 * An opaque origin without scripts, forms and plug-ins. Downloads stay allowed, since the links of an index lead to
 * files. Where upstream has a policy too, browsers keep both.
 */
const sandboxHeaders: HeaderList = [
  ["content-security-policy", "sandbox allow-downloads"],
  ["x-content-type-options", "nosniff"],
];

const none: HeaderList = [];

/**
 * What keeps a browser from running an upstream's document as a page of the vault's own origin, where it could read
 * what other backends fetch with credentials. Empty for files, which browsers only save.
 */
export function sandboxFor(headers: HeaderList): HeaderList {
  for (const [name, value] of headers) {
    if (name === "content-type") return documentType.test(value) ? sandboxHeaders : none;
  }
  return sandboxHeaders;
}
