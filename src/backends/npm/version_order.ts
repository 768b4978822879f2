/** A version number, taken apart (semver.org §2, §9). */
interface VersionNumber {
  readonly numbers: readonly [major: number, minor: number, patch: number];
  /** Empty for a release. */
  readonly preRelease: readonly string[];
}

/** Compares two versions by their precedence (semver.org §11); what is no version comes before all others. */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [parseVersion(a), parseVersion(b)];
  if (first === null || second === null) return Number(first !== null) - Number(second !== null);
  for (const [index, number] of first.numbers.entries()) {
    const difference = number - second.numbers[index]!;
    if (difference !== 0) return difference;
  }
  return comparePreReleases(first.preRelease, second.preRelease);
}

/** True for a version that has a pre-release behind its number, and for what is no version. */
export function isPreRelease(version: string): boolean {
  return parseVersion(version)?.preRelease.length !== 0;
}

function parseVersion(text: string): VersionNumber | null {
  const [, major, minor, patch, preRelease] = /^v?(\d+)\.(\d+)\.(\d+)(?:-([\w.-]+))?(?:\+[\w.-]*)?$/.exec(text) ?? [];
  if (major === undefined) return null;
  return {
    numbers: [Number(major), Number(minor), Number(patch)],
    preRelease: preRelease === undefined ? [] : preRelease.split("."),
  };
}

function comparePreReleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return Number(a.length === 0) - Number(b.length === 0);
  for (const [index, own] of a.entries()) {
    const other = b[index];
    if (other === undefined) return 1;
    if (own === other) continue;
    const [isNumber, isOtherNumber] = [own, other].map((part) => /^\d+$/.test(part));
    if (isNumber && isOtherNumber) return Number(own) - Number(other);
    if (isNumber !== isOtherNumber) return isNumber ? -1 : 1;
    return own < other ? -1 : 1;
  }
  return a.length - b.length;
}
