import type { Artifact, Candidate } from "../../artifact.ts";
import { VaultError } from "../../errors.ts";
import type { VaultEvents } from "../../observe/events.ts";
import { SingleFlight } from "../../single_flight.ts";
import type { Version } from "../../store/store.ts";
import { type Answer, askUpstream } from "./ask_upstream.ts";
import { conditionsOf } from "./revalidate.ts";
import type { Turns } from "./turn.ts";

export interface HeadQuestion {
  readonly artifact: Artifact;
  /** The candidates in the order to try them. */
  readonly candidates: readonly Candidate[];
  /** The version to revalidate: a stale copy, or a body that is arriving. */
  readonly previous: Version | null;
  readonly retry: boolean;
}

export interface HeadRequestsOptions {
  readonly events: VaultEvents;
  readonly turns: Turns;
}

/**
 * Requests with HEAD: one for all who ask the same at the same time. They are short, so that who leaves does not end
 * one.
 */
export class HeadRequests {
  readonly #events: VaultEvents;
  readonly #turns: Turns;
  readonly #requests = new SingleFlight<string, Answer>();
  readonly #closing = new AbortController();

  constructor({ events, turns }: HeadRequestsOptions) {
    this.#events = events;
    this.#turns = turns;
  }

  /**
   * Asks the candidates, conditionally where there is a stale copy, and gives up any body. Throws as `askUpstream`, and
   * `shutting_down`.
   */
  ask(question: HeadQuestion): Promise<Answer> {
    const { artifact, previous } = question;
    const conditions = previous ? conditionsOf(previous) : [];
    const name = JSON.stringify([artifact.backend, artifact.key, artifact.requestHeaders, conditions]);
    if (this.#requests.has(name)) this.#events.followerJoined(artifact.backend);
    return this.#requests.run(name, () => this.#ask(question));
  }

  /** Ends all that are under way. */
  close(): void {
    this.#closing.abort(new VaultError("shutting_down", "The vault is shutting down. Ask again in a moment"));
  }

  async #ask({ artifact, ...question }: HeadQuestion): Promise<Answer> {
    const { signal } = this.#closing;
    const url = question.candidates[0]!.url;
    const release = await this.#turns.request({ backend: artifact.backend, url, signal });
    try {
      const answer = await askUpstream(artifact, {
        method: "HEAD",
        ...question,
        headers: [],
        held: question.previous,
        signal,
        events: this.#events,
      });
      await answer.response.body?.cancel().catch(() => {});
      return answer;
    } finally {
      release();
    }
  }
}
