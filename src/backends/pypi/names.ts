const distribution = /\.(?:whl|egg|zip|exe|msi|rpm|deb|dmg|tar|tar\.(?:gz|bz2|xz|zst|lzma|lz|z)|tgz|tbz2?|txz|tlz)$/i;

/** Matches the text that the oldest formats have behind the version: `-py2.7`, `.win32-py2.7`, `.linux-x86_64`. */
const platform = /(?:-py\d|\.(?:win|linux|macosx)).*$/is;

/** No file system takes longer names. */
const maxNameLength = 1024;

/** A file is looked for in no more projects. */
const maxProjects = 8;

/** Normalises the name of a project to the spelling in URLs (PEP 503). */
export function normaliseName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

/** Says whether a text can be a project's name in some spelling (PEP 508). */
export function isProjectName(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i.test(text);
}

/**
 * The projects that a file, or a `.metadata` or `.asc` beside one, may belong to by its decoded name: normalised, the
 * most likely first; none for a file that is no distribution. A wheel names its project; other names may be split at
 * each dash.
 */
export function projectsOf(filename: string): string[] {
  const stem = stemOf(filename.replace(/\.(?:metadata|asc)$/, ""));
  if (stem === null) return [];
  const dashes = dashesIn(stem);
  const ends = isWheel(filename)
    ? dashes.slice(0, 1)
    : dashes.toSorted((a, b) => likelihood(stem, b) - likelihood(stem, a));
  const names = ends.slice(0, maxProjects).map((end) => stem.slice(0, end));
  return [...new Set(names.filter(isProjectName).map(normaliseName))];
}

/** The version in the name of a file of the project, given normalised; null where the name is of another form. */
export function versionOf(filename: string, project: string): string | null {
  const stem = filename.length > maxNameLength ? null : stemOf(filename);
  if (stem === null) return null;
  if (isWheel(filename)) return stem.split("-")[1] ?? null;
  const end = dashesIn(stem).find((dash) => normaliseName(stem.slice(0, dash)) === project);
  return end === undefined ? null : stem.slice(end + 1).replace(platform, "");
}

function stemOf(filename: string): string | null {
  return distribution.test(filename) ? filename.replace(distribution, "") : null;
}

function isWheel(filename: string): boolean {
  return /\.whl(?:\.metadata|\.asc)?$/i.test(filename);
}

function dashesIn(stem: string): number[] {
  return [...stem.matchAll(/-/g)].map(({ index }) => index);
}

/** Versions begin with a digit, and have few dashes in them. */
function likelihood(stem: string, dash: number): number {
  return (/^v?\d/i.test(stem.slice(dash + 1)) ? 1 : 0) + dash / stem.length;
}
