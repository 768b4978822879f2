import { createHash } from "node:crypto";
import type { SourceFile, SourceTree } from "../../../shelf.ts";
import { digestOf } from "../../shared/shelves/digest_of.ts";
import { projectsOf } from "../names.ts";
import { readWheelMetadata } from "./wheel_metadata.ts";

/** A file of a wheelhouse, with what a page says of it. */
export interface WheelhouseFile {
  readonly filename: string;
  readonly file: SourceFile;
  readonly sha256: string;
  /** The file that PEP 658 puts beside it; null where it has none. */
  readonly metadata: { readonly bytes: Uint8Array<ArrayBuffer>; readonly sha256: string } | null;
}

/** The files of one project, whose name is normalised. */
export interface WheelhouseProject {
  readonly project: string;
  readonly filenames: readonly string[];
}

/** Packages by their projects. */
export interface PackageFolder {
  /** What it is, to stand after "is". */
  readonly description: string;
  readonly projects: readonly WheelhouseProject[];
  /** Finds a file by its name; null where it is not there. */
  find(filename: string): Promise<SourceFile | null>;
  /** Returns the page of a project in HTML, as its index had it; null where there is none. */
  pageOf(project: string): Promise<Uint8Array<ArrayBuffer> | null>;
  /** The names of files that are of no project. */
  readonly others: readonly string[];
}

const wheelName = /^[^-]+-[^-]*\d[^-]*(?:-\d[^-]*)?-[^-]+-[^-]+-[^-]+\.whl$/i;
const sdistName = /^.+-v?\d[^-]*\.(?:tar\.(?:gz|bz2|xz)|tgz|zip)$/i;

/** A folder of wheels and sdists, as `pip download -d` makes it. */
export class Wheelhouse implements PackageFolder {
  readonly description = "a wheelhouse, a folder of Python packages";
  readonly projects: readonly WheelhouseProject[];
  /** A folder may have anything else in it. */
  readonly others = [];
  readonly #tree: SourceTree;

  private constructor(tree: SourceTree, filenames: readonly string[]) {
    this.#tree = tree;
    const byProject = Map.groupBy(filenames, (name) => projectsOf(name)[0] ?? "");
    byProject.delete("");
    this.projects = [...byProject].map(([project, filenames]) => ({ project, filenames }))
      .sort((a, b) => a.project < b.project ? -1 : 1);
  }

  /** Opens a source that has a wheel in its root, or nothing but sdists; null for any other. */
  static async open(tree: SourceTree): Promise<Wheelhouse | null> {
    const items = await tree.list("");
    const names = items.filter((item) => !item.isFolder).map((item) => item.name);
    const packages = names.filter(isPackage);
    const isOne = names.some((name) => wheelName.test(name)) || packages.length > 0 && packages.length === names.length;
    return isOne ? new Wheelhouse(tree, packages) : null;
  }

  find(filename: string): Promise<SourceFile | null> {
    return filename.includes("/") ? Promise.resolve(null) : this.#tree.find(filename);
  }

  pageOf(): Promise<null> {
    return Promise.resolve(null);
  }
}

/** Says whether a file is a wheel or an sdist, by its name. */
export function isPackage(filename: string): boolean {
  return wheelName.test(filename) || sdistName.test(filename);
}

/** Reads a file to its end for what a page says of it. Throws where it cannot be read. */
export async function readPackage(folder: PackageFolder, filename: string): Promise<WheelhouseFile> {
  const file = (await folder.find(filename))!;
  const sha256 = await digestOf(file);
  const bytes = filename.toLowerCase().endsWith(".whl") ? await readWheelMetadata(file) : null;
  const metadata = bytes && { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
  return { filename, file, sha256, metadata };
}
