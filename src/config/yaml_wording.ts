import { openBracketBefore } from "./yaml_brackets.ts";

/** A fault that the YAML parser found, and where it stopped. */
export interface SyntaxFault {
  /** The fault's name in the `yaml` package. */
  readonly code: string;
  readonly message: string;
  readonly offset: number;
}

/** The fault in words for people, at the place that has to be changed. */
export interface Wording {
  readonly message: string;
  readonly offset: number;
}

/** A line of the file, with its offset in it. */
interface Line {
  readonly text: string;
  readonly start: number;
}

/** Files of another format than YAML. */
const strangers: readonly (readonly [mark: RegExp, message: string])[] = [
  [/\r(?!\n)/, "the lines of this file end in the way of old Macs; save it with the line ends of Linux or Windows"],
  [/^(?:<{7}|={7}|>{7})/m, "this is the mark of a merge conflict; keep one side, and remove the marks"],
  [/^```/m, "this is a fence of Markdown; remove the lines that begin with ```"],
  [/^\s*<(?:!doctype|html|\?xml)/im, "this is a web page or XML, no configuration; look how the file got here"],
  [/^\s*\[[\w.-]+\]\s*$/m, 'this is the section of an INI file; write YAML: "key: value" on each line'],
];

/** Mistakes that show in the line itself, wherever the parser stopped. Values may be secrets: no message has one. */
const inLine: readonly (readonly [pattern: RegExp, message: (found: RegExpExecArray) => string])[] = [
  [/\u00a0/, () => "there is a non-breaking space in this line; write a plain one"],
  [/^\s*-[\w"']/, () => 'write a space after "-": - entry'],
  [/^\s*--\s/, () => 'an entry of a list begins with one dash: "- "'],
  [/^\s*(?:- +)?([\w-]+) += *(\S.*)$/, ([, key]) => `write a colon instead of "=": ${key}: …`],
  [
    /^\s*(?:- +)?([\w-]+):(?!\/\/)([^\s:].*)$/,
    ([, key]) => `write a space after the colon: ${key}: …`,
  ],
  [
    /: +(["'])(?:(?!\1).)*\1 *[^\s#,}\]]/,
    ([, quote]) =>
      `there is text after the closing ${quote}; put all of the value into the quotes` +
      (quote === "'" ? ", with '' for each ' in it" : ""),
  ],
  [/[{[,].*[:,[{] *(\$\{\w[^}]*\})/, ([, name]) => `between brackets a variable has to be in quotes: "${name}"`],
  [
    /^\s*(?:- +)?([\w-]+): +([^\s"'{[|>#].*?: .*)$/,
    ([, key]) => `a value with ": " in it has to be in quotes: ${key}: "…"`,
  ],
  [/^\s*(?:- +)?(\w[\w-]*)\s*$/, ([, key]) => `write a colon after "${key}"`],
  [/^\s*(?:- +)?(\w[\w-]*)\s+[^\s:][^:]*$/, ([, key]) => `write a colon after "${key}"`],
];

const byCode: Readonly<Record<string, (found: string) => string>> = {
  TAB_AS_INDENT: () => "this line is indented with a tab; use spaces",
  MULTIPLE_DOCS: () => 'a second document begins here; keep one, and remove the line "---" or "..."',
  BAD_SCALAR_START: (found) => `a value that begins with ${found[0]} has to be in quotes: "${found[0]}…"`,
  BAD_DQ_ESCAPE: () => "in double quotes a backslash begins an escape; use single quotes, or write \\\\ for each \\",
  TAG_RESOLVE_FAILED: () => 'a value that begins with ! has to be in quotes: "!…"',
  BAD_INDENT: () =>
    "this line is indented by more or fewer spaces than those it belongs to; all keys of a mapping, and all entries " +
    "of a list, begin in the same column",
  UNEXPECTED_TOKEN: () =>
    "this does not belong to what is above it; check the indentation of this line and of the one above",
  BLOCK_IN_FLOW: () => "between brackets, entries are separated by commas",
};

const isUnclosedQuote = /^[^#]*?(?:^|[\s:[{,-])(["'])(?:(?!\1).)*$/;

/** Says what is wrong and what to write instead. */
export function wordingOf(fault: SyntaxFault, text: string): Wording {
  return strangeFile(text) ?? openedAndNotClosed(fault, text) ?? lineFault(fault, text) ??
    deeperThanAbove(fault, text) ??
    { message: (byCode[fault.code] ?? unknownFault(fault))(wordAt(text, fault.offset)), offset: fault.offset };
}

function strangeFile(text: string): Wording | null {
  for (const [mark, message] of strangers) {
    const found = mark.exec(text);
    if (found !== null) return { message, offset: found.index + /^\s*/.exec(found[0])![0].length % found[0].length };
  }
  return null;
}

/** Errors that the parser reports where it stopped looking for an end, far behind the mistake. */
function openedAndNotClosed({ code, offset }: SyntaxFault, text: string): Wording | null {
  if (code !== "MISSING_CHAR" && code !== "BAD_INDENT" && code !== "UNEXPECTED_TOKEN") return null;
  if (code === "MISSING_CHAR") {
    for (const { text: line, start } of linesUpTo(text, offset)) {
      const quote = isUnclosedQuote.exec(line)?.[1];
      if (quote === undefined) continue;
      return { message: `the ${quote} in this line is not closed; add one at the end of the value`, offset: start };
    }
  }
  const open = openBracketBefore(text, offset);
  if (open === null || code === "UNEXPECTED_TOKEN" && !open.isSurplus) return null;
  const { bracket } = open;
  const message = open.isSurplus
    ? `there is a ${bracket} too many; remove it`
    : `the ${bracket} here is not closed; add ${bracket === "{" ? "}" : "]"} at its end`;
  return { message, offset: open.offset };
}

function lineFault({ code, offset }: SyntaxFault, text: string): Wording | null {
  if (code === "TAB_AS_INDENT" || code === "MULTIPLE_DOCS" || code === "BAD_SCALAR_START") return null;
  const line = lineAt(text, offset);
  const shown = line.text.replace(/\s+#.*$/, "");
  for (const [pattern, message] of inLine) {
    const found = pattern.exec(shown);
    if (found !== null) return { message: message(found), offset: line.start + /^\s*/.exec(line.text)![0].length };
  }
  return null;
}

/** A line below `key: value` that is indented further than it, as if it belonged to a value that is complete. */
function deeperThanAbove({ code, offset }: SyntaxFault, text: string): Wording | null {
  if (code !== "BLOCK_AS_IMPLICIT_KEY" && code !== "MULTILINE_IMPLICIT_KEY") return null;
  const line = lineAt(text, offset);
  const next = lineAt(text, line.start + line.text.length + 1);
  const key = /^\s*(?:- +)?([\w-]+):/.exec(line.text)?.[1];
  if (key === undefined || indentOf(next) <= indentOf(line)) return null;
  return {
    message:
      `this line is indented further than "${key}" above it, which has a value already; begin it in the same column`,
    offset: next.start + indentOf(next),
  };
}

function unknownFault({ message }: SyntaxFault): () => string {
  return () => `this is not YAML: ${message}; check the quotes, brackets and indentation here and in the line above`;
}

function indentOf({ text }: Line): number {
  return /^ */.exec(text)![0].length;
}

function lineAt(text: string, offset: number): Line {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  const end = text.indexOf("\n", start);
  return { text: text.slice(start, end < 0 ? undefined : end).replace(/\r$/, ""), start };
}

function* linesUpTo(text: string, offset: number): Iterable<Line> {
  for (let start = 0; start <= offset && start < text.length;) {
    const line = lineAt(text, start);
    yield line;
    start = text.indexOf("\n", start) + 1 || text.length;
  }
}

function wordAt(text: string, offset: number): string {
  return /[^\s#,}\]]*/.exec(text.slice(offset, offset + 100))![0];
}
