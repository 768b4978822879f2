import { longestTimerMs, parseDuration } from "../config/duration.ts";
import { parseSize } from "../config/size.ts";
import { VaultError } from "../errors.ts";
import type { OptionValues } from "./command.ts";

/** The duration that an option has, in milliseconds; undefined where it is not given. Throws `config_invalid`. */
export function durationOf(values: OptionValues, name: string): number | undefined {
  return parsed(values, name, { parse: parseDuration, a: "a duration", hint: "write 90s, 12h or 30d" });
}

/**
 * The time to wait that an option has, in milliseconds, no shorter than `least`, such as 100ms; undefined where it is
 * not given. Throws `config_invalid`.
 */
export function waitOf(values: OptionValues, name: string, least: string): number | undefined {
  const waitMs = durationOf(values, name);
  if (waitMs === undefined || waitMs >= parseDuration(least)! && waitMs <= longestTimerMs) return waitMs;
  throw new VaultError("config_invalid", `--${name}: "${textOf(values, name)}" is not from ${least} to 24d; write 2s`);
}

/** The size that an option has, in bytes; undefined where it is not given. Throws `config_invalid`. */
export function sizeOf(values: OptionValues, name: string): number | undefined {
  return parsed(values, name, { parse: parseSize, a: "a size", hint: "write 500MB or 100GiB" });
}

/**
 * The whole number above zero, and up to `most`, that an option has; undefined where it is not given. Throws
 * `config_invalid`.
 */
export function countOf(values: OptionValues, name: string, most = Infinity): number | undefined {
  const parse = (text: string) => /^[1-9]\d{0,14}$/.test(text) && Number(text) <= most ? Number(text) : null;
  const [a, hint] = most === Infinity
    ? ["a whole number above zero", "write 1 or more"]
    : [`a whole number from 1 to ${most}`, `write 1 to ${most}`];
  return parsed(values, name, { parse, a, hint });
}

/** The word of a few that an option has; undefined where it is not given. Throws `config_invalid`. */
export function wordOf<Word extends string>(
  values: OptionValues,
  name: string,
  words: readonly Word[],
): Word | undefined {
  const parse = (text: string) => words.find((word) => word === text) ?? null;
  return parsed(values, name, { parse, a: "a known word", hint: `write ${words.join(", ")}` });
}

/** The text that an option has; undefined where it is not given. */
export function textOf(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

interface Reading<Value> {
  readonly parse: (text: string) => Value | null;
  readonly a: string;
  readonly hint: string;
}

function parsed<Value>(values: OptionValues, name: string, { parse, a, hint }: Reading<Value>): Value | undefined {
  const text = textOf(values, name);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value === null) throw new VaultError("config_invalid", `--${name}: "${text}" is not ${a}; ${hint}`);
  return value;
}
