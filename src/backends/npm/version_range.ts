import { compareVersions, isPreRelease } from "./version_order.ts";

/** A comparison with one version, such as `>=1.2.0`. */
interface Comparator {
  readonly sign: ">" | ">=" | "<" | "<=" | "=";
  readonly version: string;
}

/** A range of versions, as in a `package.json` (node-semver, "Ranges"). */
export interface VersionRange {
  /** The version that it means alone; null for any other range. */
  readonly pinned: string | null;
  /** Says whether it means a version; a pre-release only where it names one of the same number. */
  includes(version: string): boolean;
}

const wanted = /^v?(\d+|[xX*])(?:\.(\d+|[xX*]))?(?:\.(\d+|[xX*]))?(?:-([\w.-]+))?(?:\+[\w.-]*)?$/;

/** Parses a range: comparisons, `^`, `~`, `1.x`, `1 - 2` and `||`; null for what is none, such as a tag. */
export function parseRange(text: string): VersionRange | null {
  const alternatives = text.split("||").map((part) => parseAlternative(part.trim()));
  if (alternatives.some((one) => one === null)) return null;
  const all = alternatives.map((one) => one!);
  const [only, ...others] = all;
  const isPinned = others.length === 0 && only?.length === 1 && only[0]!.sign === "=";
  return {
    pinned: isPinned ? only[0]!.version : null,
    includes: (version) => all.some((comparators) => matches(version, comparators)),
  };
}

function matches(version: string, comparators: readonly Comparator[]): boolean {
  if (!comparators.every((one) => compares(version, one))) return false;
  return !isPreRelease(version) ||
    comparators.some(({ version: named }) => isPreRelease(named) && numberOf(named) === numberOf(version));
}

function compares(version: string, { sign, version: limit }: Comparator): boolean {
  const order = compareVersions(version, limit);
  switch (sign) {
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case "=":
      return order === 0;
  }
}

function parseAlternative(text: string): Comparator[] | null {
  const [, from, to] = /^(\S+)\s+-\s+(\S+)$/.exec(text) ?? [];
  if (from !== undefined && to !== undefined) return both(parsePart(">=", from), parsePart("<=", to));
  const parts = text.replace(/([<>=~^]+)\s+/g, "$1").split(/\s+/).filter((part) => part !== "");
  const comparators: Comparator[] = [];
  for (const part of parts) {
    const [, sign = "", version = ""] = /^([<>=~^]*)(.*)$/.exec(part) ?? [];
    const parsed = parsePart(sign, version);
    if (parsed === null) return null;
    comparators.push(...parsed);
  }
  return comparators;
}

function both(a: Comparator[] | null, b: Comparator[] | null): Comparator[] | null {
  return a === null || b === null ? null : [...a, ...b];
}

/** The comparisons that a sign with a version, or the beginning of one, means. */
function parsePart(sign: string, text: string): Comparator[] | null {
  const [matched, ...parts] = wanted.exec(text) ?? [];
  if (matched === undefined) return null;
  const numbers = parts.slice(0, 3).map((part) => part === undefined || /[xX*]/.test(part) ? null : Number(part));
  const [major = null, minor = null, patch = null] = numbers;
  if (major === null) return sign === "<" || sign === ">" ? [{ sign: "<", version: "0.0.0-0" }] : [];
  const preRelease = parts[3] === undefined ? "" : `-${parts[3]}`;
  const low = `${major}.${minor ?? 0}.${patch ?? 0}${preRelease}`;
  const above = minor === null ? `${major + 1}.0.0-0` : `${major}.${minor + 1}.0-0`;
  const isPart = minor === null || patch === null;
  switch (sign) {
    case "":
    case "=":
      return isPart ? between(low, above) : [{ sign: "=", version: low }];
    case "~":
    case "~>":
      return between(low, above);
    case "^":
      return between(low, caretLimit(major, minor, patch));
    case ">":
      return [isPart ? { sign: ">=", version: above } : { sign, version: low }];
    case "<=":
      return [isPart ? { sign: "<", version: above } : { sign, version: low }];
    case ">=":
      return [{ sign, version: low }];
    case "<":
      return [{ sign, version: isPart ? `${low}-0` : low }];
    default:
      return null;
  }
}

/** `^` allows what does not change the first number that is not 0. */
function caretLimit(major: number, minor: number | null, patch: number | null): string {
  if (major > 0 || minor === null) return `${major + 1}.0.0-0`;
  if (minor > 0 || patch === null) return `0.${minor + 1}.0-0`;
  return `0.0.${patch + 1}-0`;
}

function between(low: string, below: string): Comparator[] {
  return [{ sign: ">=", version: low }, { sign: "<", version: below }];
}

function numberOf(version: string): string {
  return version.replace(/[-+].*$/, "").replace(/^v/, "");
}
