import { VaultError } from "../../errors.ts";

export interface XmlPlace {
  /** The name of the outermost element. */
  readonly root: string;
  /** The name of the list in it. */
  readonly list: string;
  /** The element, as it stands in a list that is indented by two. */
  readonly text: string;
}

/** Puts an element first in a list of an XML document. Throws `config_invalid` where there is no such document. */
export function withXmlElement(text: string, { root, list, text: element }: XmlPlace): string {
  if (text.includes(element)) return text;
  const whole = `  <${list}>\n${element}\n  </${list}>\n`;
  if (text.trim() === "") return `<${root}>\n${whole}</${root}>\n`;
  // What is in comments is no markup, and keeps its length.
  const markup = text.replace(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>/g, (part) => " ".repeat(part.length));
  refuseUnbalanced(markup);
  const empty = new RegExp(`<${list}\\s*/>`).exec(markup);
  if (empty !== null) {
    return `${text.slice(0, empty.index)}${whole.trim()}${text.slice(empty.index + empty[0].length)}`;
  }
  const open = [...markup.matchAll(new RegExp(`<${list}\\s*>`, "g"))];
  const end = markup.lastIndexOf(`</${root}>`);
  if (open.length > 1 || end < 0 || !new RegExp(`<${root}[\\s>]`).test(markup)) {
    throw new VaultError("config_invalid", `It is no <${root}> document with one <${list}> at most`);
  }
  const [first] = open;
  if (first === undefined) return text.slice(0, end) + whole + text.slice(end);
  const at = first.index + first[0].length;
  return `${text.slice(0, at)}\n${element}${text.slice(at)}`;
}

/** Throws with the line of the first tag that has no counterpart. */
function refuseUnbalanced(markup: string): void {
  const open: string[] = [];
  for (
    const { 1: slash, 2: name, 3: isEmpty, index } of markup.matchAll(
      /<(\/?)([\w:.-]+)(?:[^<>"']|"[^"]*"|'[^']*')*?(\/?)>/g,
    )
  ) {
    if (slash === "" && isEmpty === "") open.push(name!);
    else if (slash === "/" && open.pop() !== name) {
      const line = markup.slice(0, index).split("\n").length;
      throw new VaultError("config_invalid", `It cannot be parsed: </${name}> in line ${line} closes nothing`);
    }
  }
  if (open.length > 0) throw new VaultError("config_invalid", `It cannot be parsed: <${open.at(-1)}> is not closed`);
}
