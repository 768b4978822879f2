import type { OfflineMiss } from "../../backend.ts";
import { decodedPath } from "../../http/path.ts";

/** Lists of packages for an architecture, and their translations, under their names or digests. */
const indexPath = /^\/dists\/([\w.\/-]+)\/([\w.-]+)\/(?:binary-([a-z0-9-]+)|i18n)\/(?:by-hash\/|Packages|Translation-)/;

/** What apt asks for first, below `/dists` or in the folder of a flat repository. */
const releasePath = /^(\/dists)?\/((?:[\w.-]+\/)*)(?:InRelease|Release|Release\.gpg)$/;

/**
 * Says what a client missed of the backend of this name. At 404 apt stops at once, and `apt-get update` fails. An index
 * is asked for by a digest that its repository may have forgotten by then: its line brings what is there instead. A
 * release brings its lists along, since apt asks for nothing more without it; nobody knows yet of which components, so
 * these are all. The path of a package does not tell its suite.
 */
export function offlineMiss(path: string, backend: string): OfflineMiss {
  const [, dists, folder] = releasePath.exec(decodedPath(path)) ?? [];
  const isBelowDists = dists !== undefined;
  if (folder !== undefined && !/(?:^|\/)dists\//.test(folder) && !(isBelowDists && folder === "")) {
    return { status: 404, line: `apt:${backend}/${folder}${isBelowDists ? "*" : ""}` };
  }
  const [, suite, component, architecture] = indexPath.exec(decodedPath(path)) ?? [];
  // Lists of the installer are one folder deeper, and no component.
  if (suite === undefined || component === "debian-installer") return { status: 404, line: null };
  const arch = architecture === undefined ? "" : ` arch=${architecture}`;
  return { status: 404, line: `apt:${backend}/${suite}/${component}${arch}` };
}
