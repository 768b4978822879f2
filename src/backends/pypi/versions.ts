import { normaliseName, versionOf } from "./names.ts";
import type { PageFile, ProjectPage } from "./page.ts";

/**
 * The `versions` of a page of which only some files are shown (PEP 700): a version whose files are all hidden is left
 * out, and a version that never had a file stays.
 */
export function versionsLeft(
  { name, files }: ProjectPage,
  shown: readonly PageFile[],
  versions: readonly unknown[],
): unknown[] {
  const project = normaliseName(name);
  const keysOf = (some: readonly PageFile[]) =>
    new Set(some.map(({ filename }) => keyOf(versionOf(filename, project))));
  const [all, left] = [keysOf(files), keysOf(shown)];
  return versions.filter((version) => !all.has(keyOf(version)) || left.has(keyOf(version)));
}

/** Returns the same text for different spellings of one version, in file names too (PEP 440). */
function keyOf(version: unknown): string {
  const text = String(version).toLowerCase().replace(/[-_+.]+/g, ".");
  return withoutZeros(text.replace(/\.?([a-z]+)\.?/g, "$1"));
}

/** Drops every `.0` at the end. */
function withoutZeros(text: string): string {
  let end = text.length;
  while (text.endsWith(".0", end)) end -= 2;
  return text.slice(0, end);
}
