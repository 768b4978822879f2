import { Parser } from "htmlparser2";
import {
  absoluteUrl,
  checkApiVersion,
  type Hashes,
  type IndexDocument,
  type PageFile,
  type ProjectPage,
  unreadablePage,
} from "./pypi_page.ts";

/** An `<a>` with an href. */
export interface Anchor {
  /** Names in lower case, values unescaped. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
}

/** What an HTML document of an index consists of. */
export interface HtmlDocument {
  readonly anchors: readonly Anchor[];
  readonly meta: readonly (readonly [name: string, content: string])[];
  /** What its links count from. */
  readonly base: string;
}

/** The HTML form of a project's page (PEP 503, 592, 658). Throws `upstream_failed`. */
export function parseHtmlPage(document: IndexDocument): ProjectPage {
  const { anchors, meta, base } = parseHtmlDocument(document);
  const files = anchors.map((anchor) => fileOf(anchor, base)).filter((file) => file !== null);
  return { name: nameIn(document.url), files, source: { form: "html", meta } };
}

/** Throws `upstream_failed` for what is no HTML, or looks like a form to be filled in. */
export function parseHtmlDocument(document: IndexDocument): HtmlDocument {
  const anchors: { readonly attributes: Record<string, string>; text: string }[] = [];
  const meta: [string, string][] = [];
  let base = document.url;
  let current: (typeof anchors)[number] | null = null;
  let elements = 0;
  let passwords = 0;
  const parser = new Parser({
    onopentag(name, attributes) {
      elements++;
      if (name === "a" && attributes.href !== undefined) anchors.push(current = { attributes, text: "" });
      else if (name === "base" && attributes.href) base = URL.parse(attributes.href, document.url)?.href ?? base;
      else if (name === "meta" && attributes.name) meta.push([attributes.name.toLowerCase(), attributes.content ?? ""]);
      else if (name === "input" && attributes.type?.toLowerCase() === "password") passwords++;
    },
    ontext: (text) => void (current && (current.text += text)),
    onclosetag: (name) => void (name === "a" && (current = null)),
  });
  parser.end(new TextDecoder().decode(document.bytes));
  if (elements === 0) throw unreadablePage(document, "it is not HTML");
  if (passwords > 0) throw unreadablePage(document, "it asks for a password");
  checkApiVersion(document, meta.find(([name]) => name === "pypi:repository-version")?.[1]);
  return { anchors, meta, base };
}

function fileOf({ attributes, text }: Anchor, base: string): PageFile | null {
  const url = absoluteUrl(attributes.href!.trim(), base);
  if (url === null) return null;
  const filename = decoded(url.pathname.slice(url.pathname.lastIndexOf("/") + 1));
  if (filename === "") return null;
  const fragment = url.hash.slice(1);
  url.hash = "";
  const metadata = attributes["data-core-metadata"] ?? attributes["data-dist-info-metadata"];
  const provenance = attributes["data-provenance"];
  return {
    filename,
    url: url.href,
    hashes: hashesIn(fragment) ?? {},
    uploadTime: null,
    coreMetadata: metadata === undefined || metadata === "false" ? null : hashesIn(metadata) ?? {},
    gpgSig: flagOf(attributes["data-gpg-sig"]),
    requiresPython: attributes["data-requires-python"] ?? null,
    yanked: attributes["data-yanked"] === undefined ? false : attributes["data-yanked"] || true,
    provenance: provenance === undefined ? null : absoluteUrl(provenance, base)?.href ?? null,
    source: { form: "html", attributes, text: text.trim() },
  };
}

/** `sha256=…`, in a fragment or an attribute. */
function hashesIn(text: string): Hashes | null {
  const [, algorithm, hex] = /(?:^|&)(md5|sha1|sha224|sha256|sha384|sha512)=([0-9a-f]+)/i.exec(text) ?? [];
  return algorithm === undefined ? null : { [algorithm.toLowerCase()]: hex!.toLowerCase() };
}

function flagOf(value: string | undefined): boolean | null {
  return value === "true" ? true : value === "false" ? false : null;
}

function nameIn(url: string): string {
  return decoded(new URL(url).pathname.split("/").filter((segment) => segment !== "").at(-1) ?? "");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
