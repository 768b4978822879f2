const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** The content of a generated HTML page. */
export interface Markup {
  readonly title: string;
  readonly meta: readonly (readonly [name: string, content: string])[];
  readonly anchors: Iterable<{ readonly attributes: Readonly<Record<string, string>>; readonly text: string }>;
}

/** Prints an HTML document as PEP 503 has it; escapes the plain text it is given. */
export function formatMarkup(markup: Markup): string {
  return [...markupLines(markup)].join("");
}

/** Generates a page line by line. */
export function* markupLines({ title, meta, anchors }: Markup): Iterable<string> {
  yield "<!DOCTYPE html>\n<html>\n  <head>\n";
  yield '    <meta charset="utf-8">\n';
  for (const [name, content] of meta) yield `    <meta${attribute("name", name)}${attribute("content", content)}>\n`;
  yield `    <title>${escaped(title)}</title>\n  </head>\n  <body>\n    <h1>${escaped(title)}</h1>\n`;
  for (const { attributes, text } of anchors) yield `    <a${attributesOf(attributes)}>${escaped(text)}</a><br>\n`;
  yield "  </body>\n</html>\n";
}

function attributesOf(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes).map(([name, value]) => attribute(name, value)).join("");
}

function attribute(name: string, value: string): string {
  return ` ${name}="${escaped(value)}"`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => entities[character]!);
}
