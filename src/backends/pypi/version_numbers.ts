/** A version, parsed (PEP 440). */
export interface Version {
  readonly epoch: number;
  /** Without zeros at its end. */
  readonly release: readonly number[];
  /** `a`, `b` or `rc`, and a number. */
  readonly pre: readonly [string, number] | null;
  readonly post: number | null;
  readonly dev: number | null;
  /** The segments behind `+`; numbers where they are. */
  readonly local: readonly (string | number)[];
}

const pattern =
  /^v?(?:(\d+)!)?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|a|beta|b|preview|pre|c|rc)[-_.]?(\d*))?(?:-(\d+)|[-_.]?(post|rev|r)[-_.]?(\d*))?(?:[-_.]?(dev)[-_.]?(\d*))?(?:\+([a-z0-9]+(?:[-_.][a-z0-9]+)*))?$/i;

const preNames: Readonly<Record<string, string>> = { alpha: "a", beta: "b", c: "rc", pre: "rc", preview: "rc" };

/** Parses a version in any of its spellings; null for what is none. */
export function parseVersion(text: string): Version | null {
  const match = pattern.exec(text.trim().toLowerCase());
  if (match === null) return null;
  const [, epoch = "0", release = "", pre, preNumber, dashed, post, postNumber, dev, devNumber, local] = match;
  return {
    epoch: Number(epoch),
    release: withoutZeros(release.split(".").map(Number)),
    pre: pre === undefined ? null : [preNames[pre] ?? pre, Number(preNumber || 0)],
    post: dashed !== undefined ? Number(dashed) : post === undefined ? null : Number(postNumber || 0),
    dev: dev === undefined ? null : Number(devNumber || 0),
    local: local === undefined ? [] : local.split(/[-_.]/).map((part) => /^\d+$/.test(part) ? Number(part) : part),
  };
}

export function isPreRelease({ pre, dev }: Version): boolean {
  return pre !== null || dev !== null;
}

/** Orders versions: negative where `a` is older. */
export function compareVersions(a: Version, b: Version): number {
  return comparePublic(a, b) || compareLocal(a.local, b.local);
}

/** The same without what stands behind `+`. */
export function comparePublic(a: Version, b: Version): number {
  return a.epoch - b.epoch || compareReleases(a.release, b.release) || comparePres(a, b) ||
    compareNumbers(a.post ?? -1, b.post ?? -1) || compareNumbers(a.dev ?? Infinity, b.dev ?? Infinity);
}

/** Compares numbers of a release; those that are missing are zeros. */
export function compareReleases(a: readonly number[], b: readonly number[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const difference = (a[at] ?? 0) - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** A `.dev` of a release comes before its first alpha; a release comes after its last candidate. */
function comparePres(a: Version, b: Version): number {
  const [[nameA, numberA], [nameB, numberB]] = [preOf(a), preOf(b)];
  return nameA === nameB ? compareNumbers(numberA, numberB) : nameA < nameB ? -1 : 1;
}

function preOf({ pre, post, dev }: Version): readonly [string, number] {
  if (pre !== null) return pre;
  return post === null && dev !== null ? ["", 0] : ["~", 0];
}

/** A text comes before a number, and a beginning before what it begins. */
function compareLocal(a: Version["local"], b: Version["local"]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at++) {
    const [left, right] = [a[at], b[at]];
    if (left === right) continue;
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    if (typeof left === "number" && typeof right === "number") return left - right;
    if (typeof left === "number") return 1;
    if (typeof right === "number") return -1;
    return left < right ? -1 : 1;
  }
  return 0;
}

function compareNumbers(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function withoutZeros(release: readonly number[]): readonly number[] {
  return release.slice(0, release.findLastIndex((number) => number !== 0) + 1);
}
