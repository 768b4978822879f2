import {
  comparePublic,
  compareReleases,
  compareVersions,
  isPreRelease,
  parseVersion,
  type Version,
} from "./version_numbers.ts";

/** Says whether a version is one of those that specifiers allow. */
export type VersionTest = (version: Version, text: string) => boolean;

export interface Specifiers {
  readonly allows: VersionTest;
  /** True where one names exactly one version. */
  readonly isPinned: boolean;
  /** True where one names a pre-release, so that these count. */
  readonly namesPreRelease: boolean;
}

/** Parses specifiers such as `>=2,<3` (PEP 440); none allow every version. Null for what is none. */
export function parseSpecifiers(text: string): Specifiers | null {
  const tests: VersionTest[] = [];
  let isPinned = false;
  let namesPreRelease = false;
  for (const one of text.split(",").map((part) => part.trim()).filter((part) => part !== "")) {
    const [, operator, wanted = ""] = /^(===|~=|==|!=|<=|>=|<|>)\s*(\S+)$/.exec(one) ?? [];
    const test = operator === undefined ? null : testOf(operator, wanted);
    if (test === null) return null;
    tests.push(test);
    isPinned ||= (operator === "==" || operator === "===") && !wanted.endsWith(".*");
    const version = parseVersion(wanted.replace(/\.\*$/, ""));
    namesPreRelease ||= version !== null && isPreRelease(version) && operator !== "!=";
  }
  return { allows: (version, text) => tests.every((test) => test(version, text)), isPinned, namesPreRelease };
}

function testOf(operator: string, text: string): VersionTest | null {
  if (operator === "===") return (_, own) => own.toLowerCase() === text.toLowerCase();
  const wanted = parseVersion(text.replace(/\.\*$/, ""));
  if (wanted === null) return null;
  const numbers = text.replace(/^v?(?:\d+!)?/i, "").replace(/\.\*$/, "").split(/[^\d.]/)[0]!.split(".").map(Number);
  switch (operator) {
    case "==":
      return text.endsWith(".*") ? beginsWith(wanted, numbers) : equals(wanted);
    case "!=": {
      const test = text.endsWith(".*") ? beginsWith(wanted, numbers) : equals(wanted);
      return (version, own) => !test(version, own);
    }
    case "~=":
      return (version) => comparePublic(version, wanted) >= 0 && beginsWith(wanted, numbers.slice(0, -1))(version, "");
    case ">=":
      return (version) => comparePublic(version, wanted) >= 0;
    case "<=":
      return (version) => comparePublic(version, wanted) <= 0;
    case ">":
      return (version) => isAfter(version, wanted);
    default:
      return (version) => isBefore(version, wanted);
  }
}

/** Without a local part, any local part will do. */
function equals(wanted: Version): VersionTest {
  const compare = wanted.local.length === 0 ? comparePublic : compareVersions;
  return (version) => compare(version, wanted) === 0;
}

function beginsWith({ epoch }: Version, numbers: readonly number[]): VersionTest {
  return (version) => version.epoch === epoch && numbers.every((number, at) => (version.release[at] ?? 0) === number);
}

/** `>1.7` does not mean `1.7.post1`. */
function isAfter(version: Version, wanted: Version): boolean {
  if (comparePublic(version, wanted) <= 0) return false;
  const isSameRelease = version.epoch === wanted.epoch && compareReleases(version.release, wanted.release) === 0;
  return !(isSameRelease && version.post !== null && wanted.post === null);
}

/** `<3.1` does not mean `3.1rc1`. */
function isBefore(version: Version, wanted: Version): boolean {
  if (comparePublic(version, wanted) >= 0) return false;
  const isSameRelease = version.epoch === wanted.epoch && compareReleases(version.release, wanted.release) === 0;
  return !(isSameRelease && isPreRelease(version) && !isPreRelease(wanted));
}
