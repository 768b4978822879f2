import type { Fetchable } from "../artifact.ts";
import { contentLengthOf } from "../http/headers.ts";
import type { Entry, Store } from "../store/store.ts";
import type { KnownAbsences } from "./asking/absence.ts";
import type { Answer } from "./asking/ask_upstream.ts";
import type { CandidateChoice } from "./asking/choice.ts";
import type { HeadRequests } from "./asking/head_requests.ts";
import { inTime } from "./asking/patience.ts";
import { isAbout, refreshedVersion } from "./asking/revalidate.ts";
import { entryFromHead } from "./asking/revalidate_by_head.ts";
import { assess } from "./freshness.ts";
import type { Attempt } from "./open_head.ts";
import { openedHead } from "./opened.ts";
import type { StoredCopies } from "./stored_copies.ts";
import type { Substitutes } from "./substitutes.ts";
import type { OpenedArtifact, OpenOptions } from "./vault.ts";

/** Where an upstream without HEAD is asked with GET for a client's HEAD, a body up to this size is stored. */
const storedForHeadBytes = 1024 * 1024;

export interface HeadOpenerOptions {
  readonly store: Store;
  readonly heads: HeadRequests;
  readonly choice: CandidateChoice;
  readonly copies: StoredCopies;
  readonly absences: KnownAbsences;
  readonly substitutes: Substitutes;
}

/**
 * Answers HEAD on a miss by asking upstream with HEAD. No body is stored, only what the answer tells: the digest of a
 * tag, or that the stale copy is current.
 */
export class HeadOpener {
  readonly #options: HeadOpenerOptions;

  constructor(options: HeadOpenerOptions) {
    this.#options = options;
  }

  /** An attempt where the body has to be fetched: a small one, from an upstream that refuses HEAD. */
  async open(artifact: Fetchable, ask: OpenOptions, stale: Entry | null): Promise<OpenedArtifact | Attempt> {
    const { heads, choice, substitutes } = this.#options;
    const wanted = { artifact, ask, stale };
    const candidates = choice.of(artifact);
    const asked = heads.ask({ artifact, candidates, previous: stale, retry: !substitutes.has(wanted) });
    const answer = await inTime(asked, substitutes.patienceOf(wanted));
    const { status, headers } = answer.response;
    if (answer.byGet && (contentLengthOf(headers) ?? Infinity) <= storedForHeadBytes) {
      return { artifact, stale, sharing: "key" };
    }
    if (stale === null || status !== 304) return await this.#opened(artifact, answer, stale);
    return await this.#openRevalidated(artifact, answer, stale) ?? await this.open(artifact, ask, null);
  }

  /** Null where the 304 is about another copy, or the body is gone. */
  async #openRevalidated(artifact: Fetchable, answer: Answer, stale: Entry): Promise<OpenedArtifact | null> {
    if (!isAbout(answer, stale)) return null;
    const { copies } = this.#options;
    const entry = refreshedVersion(artifact, stale, answer.response, Date.now());
    await copies.putEntry(entry);
    return await copies.open(artifact, entry, { hit: false, fwd: "stale", fwdStatus: 304 });
  }

  async #opened(artifact: Fetchable, answer: Answer, stale: Entry | null): Promise<OpenedArtifact> {
    const { absences, copies } = this.#options;
    const { status, headers } = answer.response;
    const { generatedAt } = assess(artifact, headers, Date.now());
    absences.forget(artifact);
    const told = entryFromHead(artifact, answer);
    // A body may have come while upstream took its time.
    if (told && !this.#hasBody(artifact)) await copies.putEntry(told);
    return openedHead(answer, generatedAt, { hit: false, fwd: stale ? "stale" : "uri-miss", fwdStatus: status });
  }

  #hasBody(artifact: Fetchable): boolean {
    const { store } = this.#options;
    const entry = store.find(artifact);
    return entry !== null && store.hasBody(entry);
  }
}
