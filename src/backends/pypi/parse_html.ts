import { readTags, type TagHandler } from "../shared/html_tags.ts";
import { hashesIn } from "./hashes.ts";
import { checkApiVersion, type IndexDocument, unreadable } from "./index_document.ts";
import { absoluteUrl, fragmentOf, lastSegment } from "./links.ts";
import { outsideLinkOf } from "./outside_link.ts";
import { projectsOf } from "./names.ts";
import { maxFiles, type PageFile, type ProjectPage } from "./page.ts";

/** An `<a>` with a link. */
export interface Anchor {
  readonly href: string;
  /** All attributes by their names in lower case, with unescaped values. */
  readonly attributes: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The parts of an HTML document of an index. */
export interface HtmlDocument {
  readonly anchors: readonly Anchor[];
  /** Names in lower case. */
  readonly meta: readonly (readonly [name: string, content: string])[];
  /** The URL that its links count from. */
  readonly base: string;
  /** True where it has elements that only browsers use, such as a form. */
  readonly isForPeople: boolean;
}

/** Parses the HTML form of a project's page (PEP 503, 592, 658, 740). Throws `upstream_failed`. */
export function parseHtmlPage(document: IndexDocument): ProjectPage {
  const { anchors, meta, base, isForPeople } = parseHtmlDocument(document);
  if (anchors.length > maxFiles) throw unreadable(document, `it has more than ${maxFiles} links`);
  const files = anchors.map((anchor) => fileOf(anchor, base)).filter((file) => file !== null);
  if (isForPeople && !files.some(({ filename }) => projectsOf(filename).length > 0)) {
    throw unreadable(document, "it is a page for people, and lists no package");
  }
  return {
    name: lastSegment(new URL(document.askedUrl).pathname),
    files,
    outside: anchors.map(({ href, ...source }) => outsideLinkOf(href, { form: "html", ...source }))
      .filter((link) => link !== null),
    source: { form: "html", meta },
  };
}

/** Parses any HTML document of an index. Throws `upstream_failed` for other documents and for a login page. */
export function parseHtmlDocument(document: IndexDocument): HtmlDocument {
  const reader = new DocumentReader();
  readTags(decoderFor(document).decode(document.bytes), reader);
  const { isHtml, isForPeople, wantsPassword, anchors, meta, base } = reader;
  if (!isHtml) throw unreadable(document, "it is not HTML");
  if (wantsPassword) throw unreadable(document, "it asks for a password, and lists nothing");
  checkApiVersion(document, meta.find(([name]) => name === "pypi:repository-version")?.[1]);
  return { anchors, meta, isForPeople, base: URL.parse(base, document.url)?.href ?? document.url };
}

/** Returns the decoder for the encoding of its `Content-Type`, as pip does; UTF-8 where that names no known one. */
function decoderFor({ contentType = "" }: IndexDocument): TextDecoder {
  const [, charset = "utf-8"] = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(contentType) ?? [];
  try {
    return new TextDecoder(charset);
  } catch {
    return new TextDecoder();
  }
}

/** Collects the links and `<meta>` elements of a document. */
class DocumentReader implements TagHandler {
  readonly anchors: { href: string; attributes: Record<string, string>; text: string }[] = [];
  readonly meta: [string, string][] = [];
  base = "";
  isHtml = false;
  isForPeople = false;
  wantsPassword = false;
  #open: { text: string } | null = null;

  onOpenTag(name: string, attributes: Record<string, string>): void {
    this.isHtml ||= /^(?:html|head|title|body|a)$/.test(name);
    this.isForPeople ||= /^(?:form|script|iframe)$/.test(name) || attributes["http-equiv"]?.toLowerCase() === "refresh";
    if (name === "a") this.#openAnchor(attributes);
    else if (name === "base") this.base ||= attributes.href ?? "";
    else if (name === "meta") this.meta.push([attributes.name?.toLowerCase() ?? "", attributes.content ?? ""]);
    else if (name === "input") this.wantsPassword ||= attributes.type?.toLowerCase() === "password";
  }

  onText(text: string): void {
    if (this.#open !== null) this.#open.text += text;
  }

  onCloseTag(name: string): void {
    if (name === "a") this.#open = null;
  }

  #openAnchor(attributes: Record<string, string>): void {
    const { href } = attributes;
    if (href === undefined) return;
    const anchor = { href, attributes, text: "" };
    this.anchors.push(anchor);
    this.#open = anchor;
  }
}

/**
 * Parses a link to a file; null for links to folders, such as those in the listings of web servers, and to other
 * schemes.
 */
function fileOf({ href, attributes, text }: Anchor, base: string): PageFile | null {
  const fragment = fragmentOf(href);
  const url = absoluteUrl(href.slice(0, href.length - fragment.length), base);
  if (url === null || url.pathname.endsWith("/")) return null;
  const metadata = attributes["data-core-metadata"] ?? attributes["data-dist-info-metadata"] ?? "false";
  const provenance = attributes["data-provenance"];
  return {
    filename: lastSegment(url.pathname),
    url: url.href,
    hashes: hashesIn(fragment),
    uploadTime: null,
    coreMetadata: metadata === "false" ? null : hashesIn(metadata),
    gpgSig: flagOf(attributes["data-gpg-sig"]),
    requiresPython: attributes["data-requires-python"] ?? null,
    yanked: attributes["data-yanked"] === undefined ? false : attributes["data-yanked"] || true,
    provenance: provenance === undefined ? null : absoluteUrl(provenance, base)?.href ?? null,
    source: { form: "html", attributes, text },
  };
}

function flagOf(value: string | undefined): boolean | null {
  if (value === "true") return true;
  return value === "false" ? false : null;
}
