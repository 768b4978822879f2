import type { HeaderList } from "../http/headers.ts";

/**
 * Media types that a browser shows as a document that could run scripts: HTML, XML of every kind (SVG, XHTML, feeds,
 * style sheets), multipart, and missing or malformed types, which it guesses.
 */
const documentType = /html|xml|svg|xsl|multipart|unknown|\*|^[^/]*$/i;

/**
 * Gives a document an opaque origin without scripts, forms and plug-ins. Downloads stay allowed, since the links of an
 * index lead to files. Where upstream sends a policy too, browsers apply both.
 */
const sandboxHeaders: HeaderList = [
  ["content-security-policy", "sandbox allow-downloads"],
  ["x-content-type-options", "nosniff"],
];

const none: HeaderList = [];

/**
 * The headers that keep a browser from running an upstream's document as a page of the vault's own origin, where it
 * could read files that other backends fetch with credentials. Empty for files, which browsers only save.
 */
export function sandboxFor(headers: HeaderList): HeaderList {
  for (const [name, value] of headers) {
    if (name === "content-type") return documentType.test(value) ? sandboxHeaders : none;
  }
  return sandboxHeaders;
}
