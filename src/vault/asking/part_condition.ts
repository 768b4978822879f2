import { LRUCache } from "lru-cache";
import { contradicts, strongValidators } from "../../http/conditional.ts";
import { type HeaderList, keepHeaders } from "../../http/headers.ts";
import { parseHttpDate } from "../../http/date.ts";

/** How long it is remembered of a host which validators it honours. */
const rememberedForMs = 10 * 60_000;
const mostHosts = 1000;

/** Which hosts answer a range with the whole body, although the validator they were sent is right. */
export class RangeSupport {
  /** By host and kind of validator. */
  readonly #honoured = new LRUCache<string, boolean>({ max: mostHosts, ttl: rememberedForMs });

  /** True or false where the host has shown it lately; undefined where it has not. */
  honours(host: string, kind: ValidatorKind): boolean | undefined {
    return this.#honoured.get(`${kind} ${host}`);
  }

  remember(host: string, kind: ValidatorKind, honoured: boolean): void {
    this.#honoured.set(`${kind} ${host}`, honoured);
  }
}

/** What a range is sent with: many hosts understand only one kind. */
export type ValidatorKind = "etag" | "date" | "none";

interface Validator {
  readonly kind: ValidatorKind;
  readonly value: string | null;
}

export interface PartConditionOptions {
  /** Upstream's, of the answer that began the body. */
  readonly headers: HeaderList;
  /** The one that the body is known by, where those headers have none. */
  readonly validator: string | null;
  /** Of the answer that began the body. */
  readonly url: string;
  readonly support: RangeSupport;
}

/**
 * What makes all parts of one body be of the same version: its validator, sent as `If-Range` (RFC 9110 §13.1.5). Hosts
 * that answer an ETag with the whole body are tried with the date next, and then without `If-Range`: parts with the same
 * strong validator belong together as well (RFC 9110 §15.3.7.3).
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

  /** For `If-Range`; null where a range is to be asked for without it. */
  get validator(): string | null {
    return (this.#next ?? this.#validators[0])?.value ?? null;
  }

  /** Whether the host has lately sent a part of a body under a validator like this. */
  get isProven(): boolean {
    return this.#next !== undefined && this.#support.honours(this.#host, this.#next.kind) === true;
  }

  /** Whether the host has lately sent the whole body instead of a part, whatever validator it was sent. */
  get isRefused(): boolean {
    return this.#next === undefined;
  }

  /**
   * Waits until nobody else is finding out what the host takes; the caller releases its turn when it has an answer. Once
   * that is known there is nothing to wait for.
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

  /** Told what came in answer to a range that was sent with `validator`: a part, or the whole of the same version. */
  answered(validator: string | null, answer: "part" | "whole"): void {
    this.#support.remember(this.#host, kindOf(validator), answer === "part");
  }

  /** Whether a response says that it is of another version. */
  isContradictedBy(headers: Headers): boolean {
    return this.#validators.some(({ value }) => contradicts(headers, value));
  }

  /** Whether a response says that it is of this version. */
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
