const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** What an HTML page of ours shows. */
export interface Markup {
  readonly title: string;
  readonly meta: readonly (readonly [name: string, content: string])[];
  readonly anchors: readonly { readonly attributes: Readonly<Record<string, string>>; readonly text: string }[];
}

/** An HTML document as PEP 503 wants it; takes and escapes plain text. */
export function formatMarkup({ title, meta, anchors }: Markup): string {
  return [
    "<!DOCTYPE html>\n<html>\n  <head>\n",
    '    <meta charset="utf-8">\n',
    ...meta.map(([name, content]) => `    <meta${attribute("name", name)}${attribute("content", content)}>\n`),
    `    <title>${escaped(title)}</title>\n  </head>\n  <body>\n    <h1>${escaped(title)}</h1>\n`,
    ...anchors.map(({ attributes, text }) => `    <a${attributesOf(attributes)}>${escaped(text)}</a><br>\n`),
    "  </body>\n</html>\n",
  ].join("");
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
