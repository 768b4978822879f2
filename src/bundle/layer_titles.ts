/**
 * Gives the bodies of a shard names as files, by which `oras pull` writes them: relative paths that lead nowhere else,
 * each for one body.
 */
export class LayerTitles {
  readonly #files = new Set<string>();
  readonly #folders = new Set<string>();

  titleOf(key: string, sha256: string): string {
    const path = key.split("/").slice(key.startsWith("/") ? 1 : 0).map(safeSegment).join("/");
    const folders = foldersOf(path);
    const isTaken = path.length > 1000 || this.#files.has(path) || this.#folders.has(path) ||
      folders.some((folder) => this.#files.has(folder));
    if (isTaken) return `other/${sha256}`;
    this.#files.add(path);
    for (const folder of folders) this.#folders.add(folder);
    return path;
  }
}

/** A key that ends with a slash names a page. */
function safeSegment(segment: string): string {
  if (segment === "") return "_";
  return segment === "." || segment === ".." ? `_${segment}` : segment.replaceAll("\\", "_").slice(0, 200);
}

function foldersOf(path: string): string[] {
  const segments = path.split("/").slice(0, -1);
  return segments.map((_, index) => segments.slice(0, index + 1).join("/"));
}
