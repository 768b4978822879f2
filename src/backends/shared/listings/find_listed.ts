import type { Artifact, Freshness, ListedFile, Listing } from "../../../artifact.ts";
import type { Parsed, Parser } from "../../../document.ts";
import { isMissing, VaultError } from "../../../errors.ts";
import type { VaultReader } from "../../../reader.ts";

/** A document that may list a file, as far as it is cached. */
export interface CachedDocument<Document, File> {
  /** The cached document, however old, without a request to upstream; null where none is cached. */
  readCached(): Promise<Document | null>;
  /** The file as the document lists it; null where it does not. */
  find(document: Document): File | null;
}

/** A document that may list a file, and that is requested from upstream where the cached one does not list it. */
export interface ListingDocument<Document extends Parsed<unknown>, File> extends CachedDocument<Document, File> {
  /** For messages: `page of "demo"`. */
  readonly name: string;
  /** Throws as `VaultReader.read`. */
  read(freshness: Freshness): Promise<Document>;
}

/** A cached document that does not list a requested file is revalidated, but not more often than this. */
const lookAgainAfterMs = 10_000;

const ofAnyAge: Freshness = { kind: "immutable" };
const ofNow: Freshness = { kind: "ttl", ttlMs: lookAgainAfterMs };

/** The file in the first document that lists it, without a request to upstream; null where no cached one does. */
export async function findCached<Document, File>(
  documents: readonly CachedDocument<Document, File>[],
): Promise<File | null> {
  for (const listing of documents) {
    const document = await listing.readCached();
    const file = document && listing.find(document);
    if (file) return file;
  }
  return null;
}

/**
 * The file in the first document that lists it; null where none does. A cached document comes before a fresh one,
 * unless `mayExpire` says that its link is good for a while only. Throws as the vault does, and `upstream_failed` where
 * a newer document could list the file and cannot be fetched: an outage is never told as an absence.
 */
export async function findListed<Document extends Parsed<unknown>, File>(
  documents: readonly ListingDocument<Document, File>[],
  mayExpire: (file: File) => boolean = () => false,
): Promise<File | null> {
  for (const listing of documents) {
    for (const freshness of [ofAnyAge, ofNow]) {
      const document = await readOrNull(listing, freshness);
      const file = document && listing.find(document);
      if (file && !(freshness === ofAnyAge && mayExpire(file))) return file;
      if (document && isOutdated(document)) throw unlisted(listing.name, document);
    }
  }
  return null;
}

/** The listing of a file that is fetched only if one of these documents lists it: else a miss is a 404. */
export function listingOf(
  documents: readonly ListingDocument<Parsed<unknown>, ListedFile>[],
  file: string,
): Listing {
  return {
    cachedDigest: async () => (await findCached(documents))?.digest ?? null,
    async find() {
      const listed = await findListed(documents);
      if (listed !== null) return listed;
      const names = documents.map(({ name }) => name).join(", ");
      throw new VaultError("not_found", `"${file}" is not fetched: not listed in ${names}`);
    },
  };
}

/** How a document is read that is an artifact like any other. */
export function readsOf<T>(
  artifact: Artifact,
  parser: Parser<T>,
  vault: VaultReader,
): Pick<ListingDocument<Parsed<T>, unknown>, "read" | "readCached"> {
  const read = (freshness: Freshness) => vault.read({ ...artifact, freshness }, parser);
  return { read, readCached: async () => vault.holds(artifact) ? await read(ofAnyAge) : null };
}

async function readOrNull<Document extends Parsed<unknown>>(
  listing: ListingDocument<Document, unknown>,
  freshness: Freshness,
): Promise<Document | null> {
  try {
    return await listing.read(freshness);
  } catch (error) {
    if (isMissing(error)) return null;
    throw error;
  }
}

/** True for a stale document whose upstream could not be asked for a newer one. */
function isOutdated({ source: { cacheStatus: { detail, fwdStatus } } }: Parsed<unknown>): boolean {
  return detail === "stale-if-error" && fwdStatus !== 404 && fwdStatus !== 410;
}

function unlisted(name: string, { source }: Parsed<unknown>): VaultError {
  const { upstream, cacheStatus: { fwdStatus } } = source;
  return new VaultError(
    "upstream_failed",
    `The ${name} in the cache does not list the file, and "${upstream}" does not give a newer one`,
    fwdStatus === undefined ? {} : { upstreamStatus: fwdStatus },
  );
}
