import { LRUCache } from "lru-cache";
import type { Artifact, Candidate } from "../../artifact.ts";
import { redactUrl } from "../../observe/redact.ts";
import type { Entry } from "../../store/store.ts";
import type { UpstreamHealth } from "../../upstream/health.ts";

/** Chooses the candidates to ask, by what is known of the upstreams: some are down, some sent wrong bytes. */
export class CandidateChoice {
  readonly #health: UpstreamHealth;
  /** The upstream that sent wrong bytes, by artifact. */
  readonly #distrusted = new LRUCache<string, string>({ max: 1000 });

  constructor(health: UpstreamHealth) {
    this.#health = health;
  }

  /**
   * Records that an upstream sent wrong bytes for the artifact: it is asked last from now on, where others may stand in
   * for it.
   */
  distrust(artifact: Artifact, url: string): void {
    this.#distrusted.set(nameOf(artifact), url);
  }

  /**
   * Returns the candidates in the order to try them. Where any may stand in for any, those whose host is not answering
   * come later, and those that sent wrong bytes last.
   */
  of(artifact: Artifact): readonly Candidate[] {
    const { candidates, failover } = artifact;
    if (failover !== "any_failure" || candidates.length === 1) return candidates;
    const distrusted = this.#distrusted.get(nameOf(artifact));
    const ranked = candidates.map((candidate) => {
      const { url } = candidate;
      const isAnswering = this.#health.isAnswering(url);
      if (!isAnswering) this.#probe(candidate);
      return { candidate, rank: url === distrusted ? 2 : isAnswering ? 0 : 1 };
    });
    return ranked.toSorted((a, b) => a.rank - b.rank).map(({ candidate }) => candidate);
  }

  /** Says whether an answer is expected soon, also from the host that redirects led to for the stored copy. */
  isAnswering({ candidates, failover }: Artifact, held?: Entry | null): boolean {
    const answers = ({ url }: Candidate) => {
      const location = redactUrl(url) === held?.url ? held.location : undefined;
      return this.#health.isAnswering(url) && (location === undefined || this.#health.isAnswering(location));
    };
    return failover === "any_failure" ? candidates.some(answers) : answers(candidates[0]!);
  }

  /** Says whether it is time for a request that no client waits for, to find out if an upstream is back. */
  isProbeDue({ candidates }: Artifact, held: Entry | null): boolean {
    const urls = [...candidates.map(({ url }) => url), ...held?.location ? [held.location] : []];
    return urls.some((url) => this.#health.isProbeDue(url));
  }

  /** Asks in the background whether an upstream that others stand in for is back. */
  #probe({ url, fetch }: Candidate): void {
    if (!this.#health.isProbeDue(url)) return;
    fetch(new Request(url, { method: "HEAD", redirect: "manual" }), { retry: false })
      .then((response) => response.body?.cancel()).catch(() => {});
  }
}

function nameOf({ backend, key }: Artifact): string {
  return `${backend}\0${key}`;
}
