/** A piece of HTML. Only `html` makes one, so that text never becomes markup. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** What may stand in a template: null and false are nothing. */
export type Content = string | number | Html | null | false | readonly Content[];

/** The parts of templates without the indentation that they have in the source. */
const sent = new WeakMap<TemplateStringsArray, readonly string[]>();

/** Makes HTML of a template, in which text is escaped for element content and quoted attribute values. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(sentParts(parts).reduce((text, part, at) => text + textOf(contents[at - 1] ?? null) + part));
}

function sentParts(parts: TemplateStringsArray): readonly string[] {
  const known = sent.get(parts);
  if (known !== undefined) return known;
  const made = parts.map((part) => part.replace(/\n\s+/g, "\n"));
  sent.set(parts, made);
  return made;
}

function textOf(content: Content): string {
  if (content === null || content === false) return "";
  if (content instanceof Html) return content.text;
  if (Array.isArray(content)) return content.map(textOf).join("");
  return escaped(String(content));
}

function escaped(text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (found) => `&#${found.charCodeAt(0)};`) : text;
}
