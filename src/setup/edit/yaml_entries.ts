import { type Document, isMap, isSeq, parseDocument } from "yaml";
import { VaultError } from "../../errors.ts";

/** Where a list is in a YAML document, and what has to be first in it. */
export interface YamlEntry {
  readonly path: readonly string[];
  readonly item: string;
}

const asWritten = { lineWidth: 0 } as const;

/** Puts items first in lists of a YAML document, and makes what leads to them. Comments and order stay. */
export function withYamlEntries(text: string, entries: readonly YamlEntry[]): string {
  const document = parseDocument(text);
  const [wrong] = document.errors;
  if (wrong !== undefined) throw new VaultError("config_invalid", `It cannot be parsed: ${wrong.message}`);
  if (document.contents !== null && !isMap(document.contents)) {
    throw new VaultError("config_invalid", "It is no YAML mapping");
  }
  const isKept = text.trim() === "" || document.toString(asWritten) === text;
  let isChanged = false;
  for (const { path, item } of entries) {
    const list = document.contents === null ? undefined : document.getIn(path);
    if (list === undefined || list === null) {
      withoutEmptyParent(document, path);
      document.setIn(path, [item]);
    } else if (!isSeq(list)) throw new VaultError("config_invalid", `${path.join(".")} is no list; set it by hand`);
    else if ((list.toJSON() as unknown[]).includes(item)) continue;
    else list.items.unshift(document.createNode(item));
    isChanged = true;
  }
  if (!isChanged) return text;
  if (isKept) return document.toString(asWritten);
  const wish = entries.map(({ path, item }) => `${path.join(".")}: [${item}]`).join(", ");
  throw new VaultError("config_invalid", `It would be written in another form. Add by hand: ${wish}`);
}

/** A key without a value, such as `mirrors:`, becomes a mapping. */
function withoutEmptyParent(document: Document, path: readonly string[]): void {
  for (let depth = 1; depth < path.length; depth++) {
    const parent = path.slice(0, depth);
    if (document.contents !== null && document.hasIn(parent) && document.getIn(parent) === null) {
      document.setIn(parent, document.createNode({}));
    }
  }
}
