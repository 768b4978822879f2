import type { CachedFolder, Shelf } from "../../../shelf.ts";
import { walkFiles } from "../../shared/shelves/walk_files.ts";
import { askedIn, type CachedAnswer, type CachedPackage } from "./cacache.ts";
import { PackageShelf } from "./package_shelf.ts";

/** Opens what the original Artifact Vault has cached of a registry: documents and tarballs by their paths. */
export async function openOriginalPackages(folder: CachedFolder): Promise<Shelf> {
  const found = new Map<string, { document: CachedAnswer | null; readonly tarballs: Map<string, CachedAnswer> }>();
  for await (const path of walkFiles(folder)) {
    const asked = askedIn({ pathname: `/${path}` });
    if (asked === null) continue;
    const { name, file } = asked;
    const one = found.get(name) ?? { document: null, tarballs: new Map<string, CachedAnswer>() };
    const answer: CachedAnswer = { content: path, integrity: null, time: 0 };
    if (file === null) one.document = answer;
    else one.tarballs.set(file, answer);
    found.set(name, one);
  }
  const packages = new Map<string, CachedPackage>(
    [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([name, one]) => [name, { name, ...one }]),
  );
  return new PackageShelf({
    description: "packages of npm that the original Artifact Vault has cached",
    packages,
    find: ({ content }) => folder.find(content),
  });
}
