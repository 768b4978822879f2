import { messageOf } from "../../../errors.ts";
import type { SourceFile } from "../../../shelf.ts";
import { digestOf } from "../../shared/shelves/digest_of.ts";
import { DocumentTooLarge, UnpackError } from "../../shared/unpack.ts";
import type { Release } from "../release.ts";
import type { ReleaseFile } from "../release_files.ts";
import { listNameOf, readList } from "./listed_packages.ts";
import type { RepositorySource } from "./repository_source.ts";

/** An index that a release lists, in one of the forms in which it is packed, as far as the source has it. */
export interface FoundIndex {
  /** As the release lists it, below its folder. */
  readonly listed: string;
  readonly entry: ReleaseFile;
  readonly file: SourceFile;
}

export interface FoundIndexes {
  /** Those with the size that the release says. */
  readonly fitting: readonly FoundIndex[];
  /** The others, by their names without the packing: no form of these is among `fitting`. */
  readonly unfitting: ReadonlyMap<string, readonly FoundIndex[]>;
}

/** Finds the indexes of a release. Half of a synchronisation leaves some that are of another one. */
export async function findIndexes(
  repository: RepositorySource,
  folder: string,
  release: Release,
): Promise<FoundIndexes> {
  const fitting: FoundIndex[] = [];
  const others: FoundIndex[] = [];
  for (const listed of release.files.keys()) {
    const entry = release.files.get(listed)!;
    const file = await repository.findListed(folder, entry);
    if (file === null) continue;
    (file.sizeBytes === entry.sizeBytes ? fitting : others).push({ listed, entry, file });
  }
  const complete = new Set(fitting.map(({ listed }) => plainName(listed)));
  const unfitting = Map.groupBy(others, ({ listed }) => plainName(listed));
  for (const name of complete) unfitting.delete(name);
  return { fitting, unfitting };
}

/** Says whether a source has lists of packages, and none of them as the release says. */
export function hasNoList({ fitting, unfitting }: FoundIndexes): boolean {
  return [...unfitting.keys()].some((name) => listNameOf(name) !== null) &&
    fitting.every(({ listed }) => listNameOf(listed) === null);
}

/** Says what is left out with an index of another size, as a sentence without a full stop. */
export async function describeUnfitting(repository: RepositorySource, forms: readonly FoundIndex[]): Promise<string> {
  const names = forms.map(({ listed }) => listed.slice(listed.lastIndexOf("/") + 1)).join(", ");
  const lost = await countLost(repository, forms);
  return `it does not have the size that its release says (${names})${lost}; bring the source up to date, and import again`;
}

/** Says why a form of a list does not count; null where its packages do. Throws where it cannot be read. */
export async function whyUnlisted(repository: RepositorySource, form: FoundIndex): Promise<string | null> {
  const { algorithm, hex } = form.entry.digest;
  if (await digestOf(form.file, algorithm) === hex) return null;
  return `it does not have the digest of its release${await countLost(repository, [form])}`;
}

/** Says what is wrong with a list that cannot be unpacked, or is too large. Throws any other error. */
export function whyUnreadable(error: unknown): string {
  if (!(error instanceof UnpackError || error instanceof DocumentTooLarge)) throw error;
  return messageOf(error);
}

/** Counts the packages of the source that are in a list; says nothing where it is none, or cannot be read. */
async function countLost(repository: RepositorySource, forms: readonly FoundIndex[]): Promise<string> {
  for (const { listed, file } of forms.filter(({ listed }) => listNameOf(listed) !== null)) {
    let count = 0;
    try {
      for await (const { path, sha256 } of readList(file, listed)) {
        if (await repository.findPackage(path, sha256) !== null) count += 1;
      }
    } catch (error) {
      whyUnreadable(error);
      continue;
    }
    const those = count === 1 ? "1 package of it that is here is" : `${count} packages of it that are here are`;
    return `, so that ${those} left out, unless another list has the same`;
  }
  return "";
}

function plainName(listed: string): string {
  return listed.replace(/\.(?:xz|gz|zst|bz2|lz4|lzma)$/, "");
}
