import assert from "node:assert/strict";
import type { Freshness, ListedFile } from "../../../src/artifact.ts";
import {
  findCached,
  findListed,
  type ListingDocument,
  listingOf,
} from "../../../src/backends/shared/listings/find_listed.ts";
import type { Parsed } from "../../../src/document.ts";
import { VaultError } from "../../../src/errors.ts";
import type { CacheStatus } from "../../../src/http/cache_status.ts";

type Document = Parsed<readonly string[]>;
const fresh: CacheStatus = { hit: true };

function documentOf(value: readonly string[], cacheStatus: CacheStatus = fresh): Document {
  const source = { cacheStatus, ageSeconds: 0, upstream: "https://upstream.example/list" };
  return { value, sha256: "", headers: [], source };
}

interface Copies {
  readonly cached?: Document;
  /** Upstream's, or its error. */
  readonly latest: Document | VaultError;
}

/** A document of which upstream may have a newer version, and what was read of it. */
function listing(name: string, { cached, latest }: Copies, read: string[] = []): ListingDocument<Document, ListedFile> {
  return {
    name,
    readCached: () => Promise.resolve(cached ?? null),
    read({ kind }: Freshness) {
      read.push(`${name} ${kind}`);
      const document = kind === "immutable" && cached ? cached : latest;
      return document instanceof VaultError ? Promise.reject(document) : Promise.resolve(document);
    },
    find: ({ value }) => value.includes("file") ? { digest: null } : null,
  };
}

const lists = documentOf(["file"]);
const empty = documentOf([]);
const missing = new VaultError("not_found", "no such document");

Deno.test("a file is found in the first document that lists it, and no later one is read", async () => {
  const read: string[] = [];
  const documents = [listing("a", { latest: empty }, read), listing("b", { latest: lists }, read)];
  assert.deepEqual(await findListed([...documents, listing("c", { latest: lists }, read)]), { digest: null });
  assert.deepEqual(read, ["a immutable", "a ttl", "b immutable"]);
});

Deno.test("a cached document that does not list the file is read again; a missing one is passed over", async () => {
  const read: string[] = [];
  const [gone, renewed] = [listing("a", { latest: missing }), listing("b", { cached: empty, latest: lists }, read)];
  assert.deepEqual(await findListed([gone, renewed]), { digest: null });
  assert.deepEqual(read, ["b immutable", "b ttl"]);
});

Deno.test("a link that may have expired is taken from a fresh document", async () => {
  const read: string[] = [];
  const document = listing("a", { cached: lists, latest: lists }, read);
  assert.deepEqual(await findListed([document], () => true), { digest: null });
  assert.deepEqual(read, ["a immutable", "a ttl"]);
});

Deno.test("an outage is never told as an absence, and upstream's 404 is none", async () => {
  const stale = (fwdStatus: number) =>
    documentOf([], { hit: false, fwd: "stale", detail: "stale-if-error", fwdStatus });
  const asked = findListed([listing("list of a", { cached: empty, latest: stale(503) })]);
  await assert.rejects(asked, {
    code: "upstream_failed",
    message: 'The list of a in the cache does not list the file, and "https://upstream.example/list" does not give ' +
      "a newer one",
  });
  assert.equal(await findListed([listing("a", { cached: empty, latest: stale(404) })]), null);
  const down = listing("a", { latest: new VaultError("upstream_down", "down") });
  await assert.rejects(findListed([down]), { code: "upstream_down" });
});

Deno.test("cached documents are looked at without a request, and what none lists is a 404 on a miss", async () => {
  const read: string[] = [];
  const documents = [listing("a", { latest: lists }, read), listing("b", { cached: empty, latest: empty }, read)];
  assert.equal(await findCached(documents), null);
  assert.equal(await listingOf(documents, "file").cachedDigest(), null);
  assert.deepEqual(read, []);
  const listed = listingOf([documents[1]!], "file").find();
  await assert.rejects(listed, { code: "not_found", message: '"file" is not fetched: not listed in b' });
});
