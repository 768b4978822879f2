import type { CachedFolder, Shelf, SourceFile } from "../../../shelf.ts";
import { maxDocumentBytes, readWhole } from "../../shared/shelves/read_small.ts";
import { walkFiles } from "../../shared/shelves/walk_files.ts";
import { normaliseName, projectsOf } from "../names.ts";
import { isPackage, type PackageFolder, type WheelhouseProject } from "./wheelhouse.ts";
import { WheelhouseShelf } from "./wheelhouse_shelf.ts";

/** Where the original tool finds the files of an index that says nothing else (`backend_pypi.py`). */
const defaultPackagesUrl = "https://files.pythonhosted.org/packages";
/** Pages list all files that a project ever had. */
const maxPageBytes = 16 * maxDocumentBytes;

/**
 * Opens what the original Artifact Vault has cached of an index: files by their paths, and pages whose links lead to
 * itself. `packagesUrl` is where they led before, as the backend has it.
 */
export async function openOriginalPackages(folder: CachedFolder, packagesUrl = defaultPackagesUrl): Promise<Shelf> {
  const files = new Map<string, string>();
  const pages = new Map<string, string>();
  const others: string[] = [];
  for await (const path of walkFiles(folder)) {
    const filename = path.slice(path.lastIndexOf("/") + 1);
    const [, project] = /^simple\/([^/?]+)$/.exec(path) ?? [];
    if (project !== undefined) pages.set(normaliseName(project), path);
    else if (isPackage(filename) && !files.has(filename)) files.set(filename, path);
    else if (path !== "simple" && !isPackage(filename.replace(/\.metadata$/, ""))) others.push(path);
  }
  return new WheelhouseShelf(new OriginalPackages(folder, { files, pages, others, packagesUrl }));
}

interface Found {
  /** Paths by the names of files. */
  readonly files: ReadonlyMap<string, string>;
  /** Paths by projects. */
  readonly pages: ReadonlyMap<string, string>;
  readonly others: readonly string[];
  readonly packagesUrl: string;
}

class OriginalPackages implements PackageFolder {
  readonly description = "packages that the original Artifact Vault has cached";
  readonly projects: readonly WheelhouseProject[];
  readonly others: readonly string[];
  readonly #folder: CachedFolder;
  readonly #found: Found;

  constructor(folder: CachedFolder, found: Found) {
    this.#folder = folder;
    this.#found = found;
    this.others = found.others;
    const { files, pages } = found;
    const byProject = Map.groupBy(files.keys(), (filename) => {
      const projects = projectsOf(filename);
      return projects.find((project) => pages.has(project)) ?? projects[0] ?? "";
    });
    byProject.delete("");
    const names = [...new Set([...pages.keys(), ...byProject.keys()])].sort();
    this.projects = names.map((project) => ({ project, filenames: byProject.get(project) ?? [] }));
  }

  async find(filename: string): Promise<SourceFile | null> {
    const path = this.#found.files.get(filename);
    return path === undefined ? null : await this.#folder.find(path);
  }

  /** The original tool puts its own prefix in place of the URL of the files, and nothing else. */
  async pageOf(project: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const path = this.#found.pages.get(project);
    const file = path === undefined ? null : await this.#folder.find(path);
    if (file === null) return null;
    const text = new TextDecoder().decode(await readWhole(file, maxPageBytes));
    const own = `${this.#folder.prefix === "/" ? "" : this.#folder.prefix}/packages/`;
    const undone = text.replace(/\bhref=(["']?)([^"'\s>]*)/gi, (whole, quote: string, href: string) => {
      return href.startsWith(own) ? `href=${quote}${this.#filesUrl()}/${href.slice(own.length)}` : whole;
    });
    return new TextEncoder().encode(undone);
  }

  /** As the original's configuration has it, with its path; ours may leave out `/packages`. */
  #filesUrl(): string {
    const { pathname, href } = new URL(this.#found.packagesUrl);
    return (pathname === "/" ? `${href}packages` : href).replace(/\/+$/, "");
  }
}
