import type { BackendType } from "../../../src/backends/backend_type.ts";
import type { Answer } from "../fake_upstream.ts";

/** A document is replaced under its name: its version stands in it as `version-one` or `version-two`. */
export type Version = "one" | "two";

/** One type of backend, as far as the contract has to know it: a configuration, and an upstream with a few things. */
export interface Specimen {
  /** `type` in the configuration. */
  readonly type: string;
  /** The types of backend there are; those of the program where absent. */
  readonly types?: readonly BackendType[];
  /** The keys of a backend whose upstream is at this origin. */
  config(origin: string): Readonly<Record<string, unknown>>;
  /** The keys that make documents fresh for so long. */
  freshFor(duration: string): Readonly<Record<string, unknown>>;
  /** All that upstream has, by path. */
  content(origin: string, version: Version): Readonly<Record<string, Answer>>;
  /** Never changes under its name, is larger than what is checked before it is sent, and is in no version another. */
  readonly file: Place & {
    readonly bytes: Uint8Array<ArrayBuffer>;
    /** Whether nothing says which bytes are the right ones. */
    readonly isUnchecked?: boolean;
    /** What clients ask for before it, by which the vault knows its digest. */
    readonly listedBy?: readonly string[];
  };
  readonly document: Place & {
    /** Whether clients get a document that is generated from upstream's. */
    readonly isGenerated?: boolean;
  };
  /** A path below the prefix that upstream does not have. */
  readonly absent: string;
  /** The lines of the list of misses for the file and for what is absent. */
  missed(origin: string): readonly string[];
  /** Paths below the prefix that mean nothing in this protocol. */
  readonly absurd: readonly string[];
  readonly errors: ErrorForm;
}

/** Where clients ask for something, below the prefix, and where upstream has it. */
export interface Place {
  readonly path: string;
  readonly target: string;
}

/** How the protocol tells of errors: the type of their bodies, and what these say. */
export interface ErrorForm {
  readonly contentType: string;
  readonly absent: RegExp;
  readonly offline: RegExp;
  /** The status for what is not cached offline; for the file, then for what is absent, where they differ. */
  readonly offlineStatus: number | readonly [file: number, absent: number];
  readonly failed: RegExp;
}

/** Errors in the vault's own form. */
export const plainErrors: ErrorForm = {
  contentType: "text/plain; charset=utf-8",
  absent: /^404 not_found\n/,
  offline: /^404 offline\n[^]*To bring it, run where there is a connection: artifact-vault warm \S+\n/,
  offlineStatus: 404,
  failed: /^502 \w+\n/,
};

/** Bytes that do not repeat soon. */
export const fileBytes: Uint8Array<ArrayBuffer> = Uint8Array.from(
  { length: 100_000 },
  (_, index) => (index * 7 + (index >> 8)) & 0xff,
);

export function versionText(version: Version): string {
  return `version-${version}`;
}
