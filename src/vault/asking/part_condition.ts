import { LRUCache } from "lru-cache";
import { contradicts, strongValidators } from "../../http/conditional.ts";
import { type HeaderList, keepHeaders } from "../../http/headers.ts";
import { parseHttpDate } from "../../http/date.ts";

/** The time for which it is remembered which validators a host honours. */
const rememberedForMs = 10 * 60_000;
const mostHosts = 1000;

/** Remembers which hosts answer a range with the whole body, although they were sent the right validator. */
export class RangeSupport {
  /** The hosts' behaviour, by host and kind of validator. */
  readonly #honoured = new LRUCache<string, boolean>({ max: mostHosts, ttl: rememberedForMs });

  /** Returns true or false where the host has shown it lately; undefined where it has not. */
  honours(host: string, kind: ValidatorKind): boolean | undefined {
    return this.#honoured.get(`${kind} ${host}`);
  }

  remember(host: string, kind: ValidatorKind, honoured: boolean): void {
    this.#honoured.set(`${kind} ${host}`, honoured);
  }
}

/** The kind of validator that a range is sent with: many hosts understand only one. */
export type ValidatorKind = "etag" | "date" | "none";

interface Validator {
  readonly kind: ValidatorKind;
  readonly value: string | null;
}

export interface PartConditionOptions {
  /** The headers of the answer that began the body. */
  readonly headers: HeaderList;
  /** The validator of the body, where those headers have none. */
  readonly validator: string | null;
  /** The URL of the answer that began the body. */
  readonly url: string;
  readonly support: RangeSupport;
}

/**
 * Makes all parts of one body belong to the same version: its validator is sent as `If-Range` (RFC 9110 §13.1.5). Hosts
 * that answer an ETag with the whole body are tried with the date next, and then without `If-Range`: parts with the
 * same strong validator belong together as well (RFC 9110 §15.3.7.3).
 */
export class PartCondition {
  readonly #validators: readonly Validator[];
  readonly #host: string;
  readonly #support: RangeSupport;
  #trial: Promise<void> | null = null;

  constructor({ headers, validator, url, support }: PartConditionOptions) {
    const own = strongValidators(headers);
    const values = own.length > 0 ? own : validator === null ? [] : [validator];
    this.#validators = [...values, null].map((value) => ({ kind: kindOf(value), value }));
    this.#host = new URL(url).host;
    this.#support = support;
  }

  /** The value of `If-Range`; null where a range is to be requested without it. */
  get validator(): string | null {
    return (this.#next ?? this.#validators[0])?.value ?? null;
  }

  /** True where the host has lately sent a part of a body under a validator like this. */
  get isProven(): boolean {
    return this.#next !== undefined && this.#support.honours(this.#host, this.#next.kind) === true;
  }

  /** True where the host has lately sent the whole body in place of a part, whatever validator it was sent. */
  get isRefused(): boolean {
    return this.#next === undefined;
  }

  /**
   * Waits until nobody else is finding out which validators the host takes; the caller releases its turn when it has an
   * answer. Returns at once where that is known.
   */
  async turn(): Promise<Disposable> {
    while (this.#trial !== null && !this.#isKnown) await this.#trial;
    if (this.#isKnown) return { [Symbol.dispose]() {} };
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#trial = promise;
    return {
      [Symbol.dispose]: () => {
        this.#trial = null;
        resolve();
      },
    };
  }

  /**
   * Records what came in answer to a range that was sent with `validator`: a part, or the whole of the same version.
   */
  answered(validator: string | null, answer: "part" | "whole"): void {
    this.#support.remember(this.#host, kindOf(validator), answer === "part");
  }

  /** Says whether a response states that it is of another version. */
  isContradictedBy(headers: Headers): boolean {
    return this.#validators.some(({ value }) => contradicts(headers, value));
  }

  /** Says whether a response states that it is of this version. */
  isConfirmedBy(headers: Headers): boolean {
    const { value } = this.#validators[0]!;
    return value !== null && strongValidators(keepHeaders(headers))[0] === value;
  }

  get #isKnown(): boolean {
    return this.isProven || this.isRefused;
  }

  get #next(): Validator | undefined {
    return this.#validators.find(({ kind }) => this.#support.honours(this.#host, kind) !== false);
  }
}

function kindOf(validator: string | null): ValidatorKind {
  if (validator === null) return "none";
  return parseHttpDate(validator) === null ? "etag" : "date";
}
