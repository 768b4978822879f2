import { z } from "zod";
import { globProblem } from "../glob/compile.ts";
import { formatDuration, longestTimerMs, parseDuration } from "./duration.ts";
import { formatSize, parseSize } from "./size.ts";

/** A type of value that a key takes: how it is parsed, named in messages and documentation, and printed. */
export interface ValueType<Value> {
  /** The type's name in the documentation: `duration`. */
  readonly type: string;
  /** The type's name in messages: `"abc" is not ${a}; ${hint}`. */
  readonly a: string;
  readonly hint: string;
  /** True for a secret, which is never shown, neither in messages nor by `check`. */
  readonly secret?: true;
  /** Marks a URL that is fetched from, a file of certificate authorities, or a file that holds a secret. */
  readonly role?: "upstream" | "authority" | "secret";
  /** Parses a YAML scalar. Numbers and booleans may arrive as text, from the environment. */
  read(input: unknown): Value | Invalid;
  /** The inverse of `read`; absent where the value is its own text. */
  print?(value: Value): unknown;
}

/** The reason why a value does not fit; without one, the type's own wording says it. */
export class Invalid {
  constructor(readonly reason?: string) {}
}

const valueTypes = z.registry<ValueType<unknown>>();

/** Makes the schema of one key's value. */
export function value<Value>(valueType: ValueType<Value>) {
  const schema = z.unknown().transform((input, context): Value => {
    const result = input === undefined
      ? new Invalid(`${valueType.a} is missing; ${valueType.hint}`)
      : valueType.read(input);
    if (!(result instanceof Invalid)) return result;
    const message = result.reason ??
      `${valueType.secret ? "the value" : shown(input)} is not ${valueType.a}; ${valueType.hint}`;
    context.issues.push({ code: "custom", message, input: undefined });
    return z.NEVER;
  });
  return schema.register(valueTypes, valueType as ValueType<unknown>);
}

/** Returns what a schema was made from; undefined where `value` did not make it. */
export function valueTypeOf(schema: z.core.$ZodType): ValueType<unknown> | undefined {
  return valueTypes.get(schema as z.ZodType);
}

/** Formats a value for a message: short, and on one line. */
export function shown(input: unknown): string {
  if (Array.isArray(input)) return "a list";
  if (typeof input === "object" && input !== null) return "a mapping";
  const text = JSON.stringify(input) ?? "nothing";
  return text.length > 100 ? `${text.slice(0, 97)}…"` : text;
}

const isScalar = (input: unknown) => typeof input === "string" || typeof input === "number";

/** A word in lower case; lists and mappings are none. */
const wordOf = (input: unknown) => typeof input === "object" ? "" : String(input).toLowerCase();

/** Text. A number has to be quoted: YAML would read `0123` and `1e3` as other numbers. */
export function text(type = "text") {
  return value({ type, a: "text", hint: "write it in quotes", read: readText });
}

/** A path. One that begins with `~` is refused, since only a shell would expand it. */
export function path(type: "file" | "directory", role?: ValueType<string>["role"]) {
  return value({ type, a: "text", hint: "write it in quotes", ...role && { role }, read: readPath });
}

function readPath(input: unknown): string | Invalid {
  if (typeof input !== "string" || !/^~(?:[/\\]|$)/.test(input)) return readText(input);
  return new Invalid(`${shown(input)} begins with ~, which only a shell understands; write the whole path`);
}

/** One file of certificate authorities, or a list of them. */
export function authorities() {
  return oneOrMore(path("file", "authority"));
}

/** A file that holds a secret and nothing else. */
export function secretFile() {
  return path("file", "secret");
}

/** Text that is never shown. With `empty`, it may be empty. */
export function secret(options: { empty?: true } = {}) {
  const read = (input: unknown) => options.empty && input === "" ? "" : readText(input);
  return value({ type: "secret text", a: "text", hint: "write it in quotes", secret: true, read });
}

function readText(input: unknown): string | Invalid {
  return typeof input === "string" && input !== "" ? input : new Invalid();
}

/** Text of a given form. */
export function textMatching(pattern: RegExp, valueType: Pick<ValueType<string>, "type" | "a" | "hint">) {
  return value({
    ...valueType,
    read: (input) => typeof input === "string" && pattern.test(input) ? input : new Invalid(),
  });
}

/** A glob of a given form, which `normalised` rewrites. */
export function glob(
  pattern: RegExp,
  { normalised = (text) => text, ...valueType }: Pick<ValueType<string>, "a" | "hint"> & {
    readonly normalised?: (text: string) => string;
  },
) {
  return value<string>({
    ...valueType,
    type: "glob",
    read(input) {
      const problem = typeof input === "string" ? globProblem(input) : null;
      if (problem !== null) return new Invalid(`${shown(input)}: ${problem}`);
      return typeof input === "string" && pattern.test(input) ? normalised(input) : new Invalid();
    },
  });
}

/** A whole number within bounds. */
export function integer(min: number, max: number) {
  return value({
    type: "number",
    a: `a whole number from ${min} to ${max}`,
    hint: "write it in digits",
    read(input) {
      const number = isScalar(input) && /^\d+$/.test(String(input)) ? Number(input) : NaN;
      return number >= min && number <= max ? number : new Invalid();
    },
  });
}

const words = new Map([["true", true], ["yes", true], ["on", true], ["false", false], ["no", false], ["off", false]]);

/** true or false; `yes`, `no`, `on` and `off` too, as in YAML 1.1. */
export function flag() {
  return value({
    type: "true or false",
    a: "true or false",
    hint: "write one of these",
    read: (input) => words.get(wordOf(input)) ?? new Invalid(),
  });
}

/** One of a few words, in any case. */
export function choice<const Word extends string>(...words: readonly [Word, ...Word[]]) {
  return value({
    type: words.join(", "),
    a: "a known word",
    hint: `write ${words.join(", ")}`,
    read: (input) => words.find((word) => word.toLowerCase() === wordOf(input)) ?? new Invalid(),
  });
}

interface DurationOptions {
  readonly forever?: true;
  readonly positive?: true;
  /** Something is waited for so long. */
  readonly timer?: true;
}

/** A duration in milliseconds; `forever`, where it is allowed, is `Infinity`. */
export function duration(options: DurationOptions = {}) {
  return value({
    type: options.forever ? "duration or forever" : "duration",
    a: `a duration${options.positive ? " above zero" : ""}${options.timer ? ", at most 24d" : ""}`,
    hint: options.forever ? "write 30, 30s, 5m, 7d or forever" : "write 30, 30s, 5m or 7d",
    read(input) {
      const ms = isScalar(input) ? parseDuration(input as string | number) : null;
      const fits = ms !== null && (ms > 0 || !options.positive) && (ms < Infinity || options.forever);
      return fits && !(options.timer && ms > longestTimerMs) ? ms : new Invalid();
    },
    print: formatDuration,
  });
}

/** A size in bytes. */
export function size(options: { positive?: true } = {}) {
  return value({
    type: "size",
    a: options.positive ? "a size above zero" : "a size",
    hint: "write 1048576, 512MB or 100GiB",
    read(input) {
      const bytes = isScalar(input) ? parseSize(input as string | number) : null;
      return bytes !== null && (bytes > 0 || !options.positive) ? bytes : new Invalid();
    },
    print: formatSize,
  });
}

/** Bytes per second. */
export function rate() {
  return value({
    type: "size per second",
    a: "a size per second",
    hint: "write 500kB/s, 20MB/s or 0",
    read(input) {
      const bytes = isScalar(input) ? parseSize(String(input).trim().replace(/\s*\/\s*s$/i, "")) : null;
      return bytes ?? new Invalid();
    },
    print: (bytesPerSecond) => `${formatSize(bytesPerSecond)}/s`,
  });
}

/** One value, or a list of at least one; read as a list. */
export function oneOrMore<Item extends z.ZodType>(item: Item) {
  return wrapped().pipe(z.array(item).min(1));
}

/** A value or a list of values; the list may be empty. */
export function anyNumberOf<Item extends z.ZodType>(item: Item) {
  return wrapped().pipe(z.array(item));
}

function wrapped() {
  return z.unknown().transform((input): unknown => Array.isArray(input) ? input : [input]);
}
