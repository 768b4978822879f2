export type Value = string | readonly Value[] | ReadonlyMap<string, Value>;

/** A plugin with its settings. */
export interface Plugin {
  readonly kind: "plugin";
  readonly name: string;
  readonly settings: ReadonlyMap<string, Value>;
}

/** `if [field] =~ /pattern/ { … } else { … }` */
export interface Condition {
  readonly kind: "condition";
  readonly field: string;
  readonly pattern: RegExp;
  readonly then: readonly Statement[];
  readonly otherwise: readonly Statement[];
}

export type Statement = Plugin | Condition;

/** Reads a pipeline of Logstash, as far as ours goes ("Structure of a pipeline", Logstash Reference). */
export function parsePipeline(text: string): ReadonlyMap<string, readonly Statement[]> {
  const tokens = tokensOf(text);
  const sections = new Map<string, readonly Statement[]>();
  while (tokens.length > 0) {
    const name = take(tokens, /^(input|filter|output)$/);
    sections.set(name, parseBlock(tokens));
  }
  return sections;
}

const token = /\s+|#.*|("(?:[^"\\]|\\.)*"|\/(?:[^/\\]|\\.)*\/|=>|=~|(?:\[\w+\])+|[\w-]+|[{}[\],])/y;

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  for (token.lastIndex = 0; token.lastIndex < text.length;) {
    const at = token.lastIndex;
    const found = token.exec(text);
    if (found === null) throw new Error(`Not understood: ${text.slice(at, at + 40)}`);
    if (found[1] !== undefined) tokens.push(found[1]);
  }
  return tokens;
}

function parseBlock(tokens: string[]): Statement[] {
  const statements: Statement[] = [];
  take(tokens, /^\{$/);
  while (tokens[0] !== "}") statements.push(tokens[0] === "if" ? parseCondition(tokens) : parsePlugin(tokens));
  take(tokens, /^\}$/);
  return statements;
}

function parseCondition(tokens: string[]): Condition {
  take(tokens, /^if$/);
  const field = take(tokens, /^\[/);
  take(tokens, /^=~$/);
  const pattern = new RegExp(take(tokens, /^\/.*\/$/).slice(1, -1));
  const then = parseBlock(tokens);
  if (tokens[0] !== "else") return { kind: "condition", field, pattern, then, otherwise: [] };
  take(tokens, /^else$/);
  return { kind: "condition", field, pattern, then, otherwise: parseBlock(tokens) };
}

function parsePlugin(tokens: string[]): Plugin {
  const name = take(tokens, /^\w+$/);
  return { kind: "plugin", name, settings: parseHash(tokens) };
}

function parseHash(tokens: string[]): Map<string, Value> {
  const settings = new Map<string, Value>();
  take(tokens, /^\{$/);
  while (tokens[0] !== "}") {
    const name = unquoted(take(tokens, /^["\w]/));
    take(tokens, /^=>$/);
    settings.set(name, parseValue(tokens));
  }
  take(tokens, /^\}$/);
  return settings;
}

function parseValue(tokens: string[]): Value {
  if (next(tokens) === "{") return parseHash(tokens);
  if (next(tokens) !== "[") return unquoted(take(tokens, /^["\w]/));
  take(tokens, /^\[$/);
  const values: Value[] = [];
  while (next(tokens) !== "]") {
    values.push(parseValue(tokens));
    if (next(tokens) !== "]") take(tokens, /^,$/);
  }
  take(tokens, /^\]$/);
  return values;
}

function next(tokens: readonly string[]): string | undefined {
  return tokens[0];
}

/** Without `config.support_escapes` a backslash in a string is one. */
function unquoted(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1) : text;
}

function take(tokens: string[], wanted: RegExp): string {
  const found = tokens.shift();
  if (found === undefined || !wanted.test(found)) throw new Error(`${wanted} expected, not ${found ?? "the end"}`);
  return found;
}
