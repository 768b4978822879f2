import type { WarmRequest } from "../warming.ts";
import { placed } from "./list.ts";
import type { Outcome } from "./outcome.ts";

/** A number of things and the bytes of those whose size is known. */
export interface Amount {
  readonly count: number;
  readonly bytes: number;
}

/** Something that could not be warmed. */
export interface Failure {
  /** The request, or the line of a list with the place where it stands. */
  readonly what: string;
  readonly reason: string;
}

const nothing: Amount = { count: 0, bytes: 0 };
/** Further failures are counted only. */
const mostFailures = 1000;

/** What has become of the requests of a run. */
export class Tally {
  readonly #amounts = new Map<Outcome["kind"], Amount>();
  readonly failures: Failure[] = [];

  amount(kind: Outcome["kind"]): Amount {
    return this.#amounts.get(kind) ?? nothing;
  }

  get hasFailed(): boolean {
    return this.amount("failed").count > 0;
  }

  ended({ path, label = path }: WarmRequest, outcome: Outcome, at: string | null): void {
    if (outcome.kind === "failed") return this.failed({ what: placed(label, at), reason: outcome.reason });
    this.#add(outcome.kind, outcome.sizeBytes ?? 0);
  }

  failed(failure: Failure): void {
    this.#add("failed", 0);
    if (this.failures.length < mostFailures) this.failures.push(failure);
  }

  #add(kind: Outcome["kind"], bytes: number): void {
    const before = this.amount(kind);
    this.#amounts.set(kind, { count: before.count + 1, bytes: before.bytes + bytes });
  }
}
