/** The one spelling of a project name that its URLs have (PEP 503). */
export function normaliseName(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}

/** Whether a text can be a project's name in some spelling (PEP 508). */
export function isProjectName(text: string): boolean {
  return /^[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/i.test(text);
}

const distribution = /\.(?:whl|tar\.(?:gz|bz2|xz|zst|lzma|Z)|tgz|tbz|zip|egg|exe|msi|rpm|deb|dmg)$/i;
/** Beside a file: its metadata (PEP 658) or its signature. */
const beside = /\.(?:metadata|asc)$/;
const mostProjects = 8;

/**
 * The projects a file may belong to by its (decoded) name, normalised, the most likely first; at most eight, and none
 * for what is no distribution. A wheel's name says it; any other may be split at each of its dashes.
 */
export function projectsOf(filename: string): string[] {
  const stem = stemOf(filename);
  if (stem === null) return [];
  const { name, isWheel } = stem;
  const dashes = [...name.matchAll(/-/g)].map(({ index }) => index);
  const ends = isWheel ? dashes.slice(0, 1) : dashes.toSorted((a, b) => likelihood(name, b) - likelihood(name, a));
  const projects = ends.map((end) => name.slice(0, end)).filter(isProjectName).map(normaliseName);
  return [...new Set(projects)].slice(0, mostProjects);
}

/** The version in a file name of the project, given normalised; null where the name is of another form. */
export function versionOf(filename: string, project: string): string | null {
  const stem = stemOf(filename);
  if (stem === null) return null;
  const { name, isWheel } = stem;
  if (isWheel) return name.split("-")[1] ?? null;
  const end = [...name.matchAll(/-/g)].find(({ index }) => normaliseName(name.slice(0, index)) === project)?.index;
  return end === undefined ? null : name.slice(end + 1);
}

function stemOf(filename: string): { readonly name: string; readonly isWheel: boolean } | null {
  const file = filename.replace(beside, "");
  if (!distribution.test(file)) return null;
  return { name: file.replace(distribution, ""), isWheel: /\.whl$/i.test(file) };
}

/** Versions begin with a digit, and contain few dashes. */
function likelihood(name: string, dash: number): number {
  return (/^v?\d/i.test(name.slice(dash + 1)) ? 2 : 0) + dash / name.length;
}
