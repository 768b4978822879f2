import { isDeepStrictEqual } from "node:util";
import { type Document, isMap, isScalar, isSeq, type Node, parseDocument, type YAMLMap } from "yaml";
import { VaultError } from "../../errors.ts";

/** Where a list is in a YAML document, and what has to be first in it. */
export interface YamlEntry {
  readonly path: readonly string[];
  readonly item: string;
}

/**
 * Puts items first in lists of a YAML document, and makes what leads to them, by new lines alone. Throws
 * `config_invalid` where it takes more.
 */
export function withYamlEntries(text: string, entries: readonly YamlEntry[]): string {
  return entries.reduceRight(withEntry, text);
}

function withEntry(text: string, { path, item }: YamlEntry): string {
  const document = parse(text);
  const list = document.contents === null ? null : document.getIn(path, true) ?? null;
  const isEmpty = list === null || isScalar(list) && list.value === null;
  if (!isEmpty && !isSeq(list)) throw new VaultError("config_invalid", `${path.join(".")} is no list; set it by hand`);
  if (!isEmpty && (list.toJSON() as unknown[]).includes(item)) return text;
  const result = withLines(text, document, { path, item });
  // Nothing else may have changed, whatever the text looked like.
  if (result !== null && isDeepStrictEqual(tryParse(result)?.toJS(), withItem(document.toJS(), path, item))) {
    return result;
  }
  throw new VaultError("config_invalid", `It has no place for new lines. Add by hand: ${path.join(".")}: [${item}]`);
}

/** The value of a document with the item first in the list. */
function withItem(value: unknown, [name, ...rest]: readonly string[], item: string): unknown {
  if (name === undefined) return [item, ...value as unknown[] ?? []];
  const mapping = value as Readonly<Record<string, unknown>> ?? {};
  return { ...mapping, [name]: withItem(mapping[name], rest, item) };
}

function parse(text: string): Document {
  const document = parseDocument(text);
  const [wrong] = document.errors;
  if (wrong !== undefined) throw new VaultError("config_invalid", `It cannot be parsed: ${wrong.message}`);
  if (document.contents === null || isMap(document.contents)) return document;
  throw new VaultError("config_invalid", "It is no YAML mapping");
}

function tryParse(text: string): Document | null {
  const document = parseDocument(text);
  return document.errors.length === 0 ? document : null;
}

/** Null where there is no line behind which new ones belong. */
function withLines(text: string, document: Document, { path, item }: YamlEntry): string | null {
  let map = document.contents as YAMLMap | null;
  let step = 2;
  let key: { readonly offset: number; readonly column: number } | null = null;
  for (const [depth, name] of path.entries()) {
    const pair = map?.items.find(({ key }) => isScalar(key) && String(key.value) === name);
    if (pair === undefined) {
      const first = columnOfFirst(text, map);
      if (key !== null && first !== null) step = Math.max(1, first - key.column);
      const column = key === null ? 0 : first ?? key.column + step;
      return inserted(text, key?.offset ?? null, newLines(path.slice(depth), { item, column, step }));
    }
    const offset = (pair.key as Node).range![0];
    const column = offset - lineStart(text, offset);
    if (key !== null) step = Math.max(1, column - key.column);
    key = { offset, column };
    if (isSeq(pair.value)) {
      const dash = columnOfDash(text, (pair.value.items[0] as Node | undefined)?.range?.[0] ?? null);
      return dash === null ? null : inserted(text, offset, [`${" ".repeat(dash)}- ${item}`]);
    }
    if (isMap(pair.value) && pair.value.flow) return null;
    map = isMap(pair.value) ? pair.value : null;
  }
  return inserted(text, key!.offset, [`${" ".repeat(key!.column + step)}- ${item}`]);
}

function newLines(
  path: readonly string[],
  { item, column, step }: { item: string; column: number; step: number },
): string[] {
  const keys = path.map((name, depth) => {
    const key = /^\w[\w.-]*$/.test(name) ? name : JSON.stringify(name);
    return `${" ".repeat(column + depth * step)}${key}:`;
  });
  return [...keys, `${" ".repeat(column + path.length * step)}- ${item}`];
}

/** Inserts lines behind the one of an offset, or at the end. A last line without an end stays so. */
function inserted(text: string, offset: number | null, lines: readonly string[]): string {
  const added = lines.join("\n");
  const end = offset === null ? -1 : text.indexOf("\n", offset);
  if (end >= 0) return `${text.slice(0, end + 1)}${added}\n${text.slice(end + 1)}`;
  if (text === "" || text.endsWith("\n")) return `${text}${added}\n`;
  return `${text}\n${added}`;
}

function lineStart(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

function columnOfFirst(text: string, map: YAMLMap | null): number | null {
  const offset = (map?.items[0]?.key as Node | undefined)?.range?.[0];
  return offset === undefined ? null : offset - lineStart(text, offset);
}

/** Null for a list in brackets. */
function columnOfDash(text: string, itemOffset: number | null): number | null {
  if (itemOffset === null) return null;
  const before = text.slice(lineStart(text, itemOffset), itemOffset);
  return /^ *- *$/.test(before) ? before.indexOf("-") : null;
}
