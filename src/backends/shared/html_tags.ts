import { Tokenizer, type TokenizerCallbacks } from "htmlparser2";

/** Receives the parts of an HTML document in order. */
export interface TagHandler {
  /** Names are in lower case, values are unescaped; of a repeated attribute the first counts. */
  onOpenTag(name: string, attributes: Record<string, string>): void;
  /** `name` is in lower case. Called only for tags that are written out. */
  onCloseTag(name: string): void;
  onText(text: string): void;
}

/**
 * Reads the tags and texts of an HTML document in linear time. Unlike an HTML parser it keeps no stack of open
 * elements: an index needs none, and with 80,000 unclosed elements a stack would take minutes.
 */
export function readTags(html: string, handler: TagHandler): void {
  const tokenizer = new Tokenizer({ decodeEntities: true }, new TagEvents(html, handler));
  tokenizer.write(html);
  tokenizer.end();
}

/** Combines the tokenizer's events to whole tags. */
class TagEvents implements TokenizerCallbacks {
  readonly #html: string;
  readonly #handler: TagHandler;
  #tag = "";
  #attributes: Record<string, string> = {};
  #name = "";
  #value = "";

  constructor(html: string, handler: TagHandler) {
    this.#html = html;
    this.#handler = handler;
  }

  onopentagname(start: number, end: number): void {
    this.#tag = this.#html.slice(start, end).toLowerCase();
    this.#attributes = {};
  }

  onattribname(start: number, end: number): void {
    this.#name = this.#html.slice(start, end).toLowerCase();
    this.#value = "";
  }

  onattribdata(start: number, end: number): void {
    this.#value += this.#html.slice(start, end);
  }

  onattribentity(codePoint: number): void {
    this.#value += String.fromCodePoint(codePoint);
  }

  onattribend(): void {
    if (!Object.hasOwn(this.#attributes, this.#name)) this.#attributes[this.#name] = this.#value;
  }

  onopentagend(): void {
    this.#handler.onOpenTag(this.#tag, this.#attributes);
  }

  onselfclosingtag(): void {
    this.onopentagend();
  }

  onclosetag(start: number, end: number): void {
    this.#handler.onCloseTag(this.#html.slice(start, end).toLowerCase());
  }

  ontext(start: number, end: number): void {
    this.#handler.onText(this.#html.slice(start, end));
  }

  ontextentity(codePoint: number): void {
    this.#handler.onText(String.fromCodePoint(codePoint));
  }

  oncdata(): void {}
  oncomment(): void {}
  ondeclaration(): void {}
  onprocessinginstruction(): void {}
  onend(): void {}
}
