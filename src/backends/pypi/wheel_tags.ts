/** The names of glibc's versions that manylinux once had (PEP 600). */
const legacyNames: Readonly<Record<string, string>> = {
  manylinux1: "2_5",
  manylinux2010: "2_12",
  manylinux2014: "2_17",
};

/** So many ranks of platforms there are for each of a Python; wheels for any platform come after all others. */
const platformRanks = 1000;
const anyPlatform = 1_000_000;

/** A Python on a platform, for which wheels are chosen. Each may be left open. */
export interface WheelTarget {
  /** Such as `3.12`. */
  readonly python?: string | undefined;
  /** Such as `manylinux_2_28_x86_64`; empty for every platform. */
  readonly platforms: readonly string[];
}

/**
 * Ranks a wheel by its name as pip does, whose choice is the least rank (PEP 425): null for one that the target cannot
 * use. A name with a build tag has six parts.
 */
export function rankWheel(filename: string, target: WheelTarget): number | null {
  const parts = filename.replace(/\.whl$/i, "").split("-");
  const [pythons, abis, platforms] = parts.slice(-3).map((part) => part.split("."));
  if (parts.length < 5 || pythons === undefined || abis === undefined || platforms === undefined) return null;
  const ranks = pythons.flatMap((python) =>
    abis.flatMap((abi) =>
      platforms.map((platform) => {
        const ofPython = rankPython(python, abi, target.python);
        const ofPlatform = rankPlatform(platform, target.platforms);
        return ofPython === null || ofPlatform === null ? null : ofPython * platformRanks + ofPlatform;
      })
    )
  ).filter((rank) => rank !== null);
  return ranks.length === 0 ? null : Math.min(...ranks);
}

/**
 * The order of pip: the interpreter's own ABI, its stable ABI, no ABI, the stable ABI of older ones from the newest on,
 * then plain Python: of this version, of any, and of older ones.
 */
function rankPython(tag: string, abi: string, python: string | undefined): number | null {
  if (python === undefined) return 0;
  const [major = 3, minor = 0] = python.split(".").map(Number);
  const [, kind, ownMajor, ownMinor] = /^(cp|py)(\d)(\d*)$/.exec(tag) ?? [];
  if (kind === undefined || Number(ownMajor) !== major) return null;
  const behind = ownMinor === "" ? 0 : minor - Number(ownMinor);
  if (behind < 0) return null;
  if (kind === "py") return abi !== "none" ? null : 200 + (ownMinor === "" ? 1 : behind === 0 ? 0 : 1 + behind);
  if (ownMinor === "") return null;
  if (abi === "abi3") return behind === 0 ? 1 : 2 + behind;
  if (behind > 0) return null;
  return abi === `cp${major}${minor}` ? 0 : abi === "none" ? 2 : null;
}

/** Says whether a text is the tag of a platform (PEP 425, 600, 656, 730, 738). */
export function isPlatformTag(text: string): boolean {
  return /^(?:linux|manylinux\w+|musllinux|macosx|win|android|ios|freebsd)_\w+$|^win32$/.test(text);
}

/** Wheels for older systems fit newer ones, the closest first. */
function rankPlatform(platform: string, wanted: readonly string[]): number | null {
  if (platform === "any") return anyPlatform;
  if (wanted.length === 0) return 0;
  const ranks = wanted.map((one) => distance(platform, one)).filter((rank) => rank !== null);
  return ranks.length === 0 ? null : Math.min(...ranks);
}

/** Returns how much older a platform is than the wanted one; null where it does not fit. */
function distance(platform: string, wanted: string): number | null {
  if (platform === wanted) return 0;
  const [own, other] = [parsePlatform(platform), parsePlatform(wanted)];
  if (own === null || other === null || !fitsArch(own.arch, other.arch)) return null;
  // A plain Linux wheel is one that was built on such a machine.
  if (own.system === "linux" && other.system.endsWith("linux")) return 900;
  if (own.system !== other.system || own.major > other.major) return null;
  // macOS counts by major versions since 11, and 10.x before.
  const [ownAge, otherAge] = [own.major * 100 + own.minor, other.major * 100 + other.minor];
  if (own.system !== "macosx" && own.major !== other.major) return null;
  return ownAge <= otherAge ? Math.min(otherAge - ownAge, 898) : null;
}

interface Platform {
  readonly system: string;
  readonly major: number;
  readonly minor: number;
  readonly arch: string;
}

function parsePlatform(text: string): Platform | null {
  const [, legacy, rest = ""] = /^(manylinux(?:1|2010|2014))_(.+)$/.exec(text) ?? [];
  const named = legacy === undefined ? text : `manylinux_${legacyNames[legacy]}_${rest}`;
  const [, system = "", major, minor, arch = ""] = /^(manylinux|musllinux|macosx)_(\d+)_(\d+)_(.+)$/.exec(named) ?? [];
  if (major !== undefined) return { system, major: Number(major), minor: Number(minor), arch };
  const [, linux] = /^linux_(.+)$/.exec(text) ?? [];
  return linux === undefined ? null : { system: "linux", major: 0, minor: 0, arch: linux };
}

/** A wheel for both kinds of Mac fits either. */
function fitsArch(own: string, other: string): boolean {
  return own === other || own === "universal2" && ["arm64", "x86_64"].includes(other);
}
