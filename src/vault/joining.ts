import type { Fetchable } from "../artifact.ts";
import { isMissing, VaultError } from "../errors.ts";
import { isSameTag } from "../http/conditional.ts";
import { type HeaderList, headerOf, keepHeaders } from "../http/headers.ts";
import { redactUrl } from "../observe/redact.ts";
import type { Store, Version } from "../store/store.ts";
import type { CandidateChoice } from "./asking/choice.ts";
import { conditionsOf, isAbout, refreshedVersion } from "./asking/revalidate.ts";
import { decide, mayServeStale } from "./freshness.ts";
import type { HeadRequests } from "./asking/head_requests.ts";
import { inTime } from "./asking/patience.ts";
import type { StoredCopies } from "./stored_copies.ts";
import type { Transfer } from "./transfer/transfer.ts";
import type { Sharing, Transfers } from "./transfer/transfers.ts";
import type { OpenedArtifact, OpenOptions } from "./vault.ts";

export interface JoiningOptions {
  readonly store: Store;
  readonly copies: StoredCopies;
  readonly transfers: Transfers;
  readonly heads: HeadRequests;
  readonly choice: CandidateChoice;
  /** The time that a client waits to learn whether the arriving version is still what upstream has. */
  readonly timeoutMs: () => number;
}

interface Asked {
  readonly artifact: Fetchable;
  readonly sharing: Sharing;
}

/**
 * Decides who may join a body that is arriving: a client may where a stored copy could be served, or where upstream
 * says that it still has this version (RFC 9111 §4). A client that asked before upstream had answered has asked with
 * the others.
 */
export class Joining {
  readonly #options: JoiningOptions;

  constructor(options: JoiningOptions) {
    this.#options = options;
  }

  /**
   * Asks about the arriving version, where that is due; one that upstream has replaced is not joined afterwards.
   * Returns the copy where it has come meanwhile and is revalidated. Rejects with `bad_request` when the client leaves.
   */
  async ask(artifact: Fetchable, ask: OpenOptions, sharing: Sharing): Promise<OpenedArtifact | null> {
    const transfer = this.#options.transfers.find(artifact, sharing);
    const version = transfer?.version;
    if (!transfer || !version || !isInQuestion(artifact, version, ask)) return null;
    using _lease = transfer.join();
    const now = await this.#versionNow(artifact, version, ask);
    if (now === null) this.#options.transfers.outdate(transfer, artifact, sharing);
    else if (now !== version) return await this.#confirm(transfer, now, { artifact, sharing });
    return null;
  }

  /**
   * Returns the arriving version as upstream has revalidated it, or as it was where nobody can say; null where it is
   * replaced.
   */
  async #versionNow(artifact: Fetchable, version: Version, { signal }: OpenOptions): Promise<Version | null> {
    const { heads, choice, timeoutMs } = this.#options;
    const candidates = choice.of(artifact).filter(({ url }) => redactUrl(url) === version.url);
    const question = { artifact, candidates, previous: version, retry: false };
    if (conditionsOf(version).length === 0) return null;
    try {
      const answer = await inTime(heads.ask(question), { signal, timeoutMs: timeoutMs() });
      const { response } = answer;
      const isSame = response.status === 304 ? isAbout(answer, version) : isOf(keepHeaders(response.headers), version);
      return isSame ? refreshedVersion(artifact, version, response, Date.now()) : null;
    } catch (error) {
      if (!(error instanceof VaultError) || signal?.aborted) throw error;
      if (isMissing(error)) return artifact.policy.serveDeleted ? version : null;
      return mayServeStale(artifact, version, Date.now()) ? version : null;
    }
  }

  async #confirm(transfer: Transfer, version: Version, { artifact, sharing }: Asked): Promise<OpenedArtifact | null> {
    const { store, copies, transfers } = this.#options;
    transfer.refresh(version);
    if (transfers.find(artifact, sharing) === transfer) return null;
    const held = store.find(artifact);
    if (held === null || !isOf(held.headers, version)) return null;
    const entry = { ...held, ...version, storedAt: held.storedAt };
    await copies.putEntry(entry);
    return await copies.open(artifact, entry, { hit: false, fwd: "stale", collapsed: true });
  }
}

/** Says whether upstream has to be asked about the arriving version before it is joined. */
function isInQuestion(artifact: Fetchable, version: Version, { caching = null, range }: OpenOptions): boolean {
  if (
    artifact.identity.kind === "digest" || decide(artifact, { entry: version, now: Date.now(), caching }) === "serve"
  ) return false;
  if (conditionsOf(version).length > 0) return true;
  // There is nothing to ask about, so that it would be fetched once more: not for each part of it, and not where nobody
  // has said how old it may be.
  return range === undefined && (artifact.freshness.kind === "ttl" || caching?.noCache === true || saysHowOld(version));
}

function saysHowOld({ headers }: Version): boolean {
  return ["cache-control", "expires", "pragma"].some((name) => headerOf(headers, name) !== undefined);
}

/** Says whether these headers are of this version, by its ETag or its date. */
function isOf(headers: HeaderList, version: Version): boolean {
  const [etag, ownTag] = [headers, version.headers].map((list) => headerOf(list, "etag"));
  if (etag !== undefined || ownTag !== undefined) return isSameTag(etag, ownTag);
  const modified = headerOf(headers, "last-modified");
  return modified !== undefined && modified === headerOf(version.headers, "last-modified");
}
