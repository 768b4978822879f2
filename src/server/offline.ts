import type { Backend, BackendRequest, OfflineMiss } from "../backend.ts";
import { VaultError } from "../errors.ts";
import { redactUrl } from "../observe/redact.ts";
import { shellWord } from "../observe/shell_word.ts";
import { lineOfPath } from "../warming.ts";

/** The list of what clients asked for and did not get, since the vault is offline. */
export interface Misses {
  /** Counts a miss. `line` is one of a list for `warm`. Returns at once, and never throws. */
  add(backend: string, line: string): void;
  /** Resolves with the lines; the latest miss is last. Never rejects. */
  lines(): Promise<readonly string[]>;
}

/** A miss of a client, with the line that stands for it: the path where the protocol has no other. */
export interface ClientMiss extends OfflineMiss {
  readonly line: string;
}

const notFound: OfflineMiss = { status: 404, line: null };

/**
 * Says what a request missed since the vault is offline; null where it failed for another reason, or is one that
 * nothing can be fetched ahead for.
 */
export function missedOffline(
  error: unknown,
  asked: { readonly backend: Backend; readonly request: BackendRequest } | null,
): ClientMiss | null {
  if (!(error instanceof VaultError) || error.code !== "offline" || asked === null) return null;
  const { backend, request } = asked;
  if (request.method !== "GET" && request.method !== "HEAD") return null;
  const miss = backend.offlineMiss?.(request) ?? notFound;
  // The path behind the prefix, also where the client uses the vault as its proxy.
  const prefix = backend.prefix === "/" ? "" : backend.prefix;
  return { ...miss, line: miss.line ?? lineOfPath(redactUrl(prefix + request.path + request.query)) };
}

/** The sentence that tells a client how to bring what it missed. */
export function howToBring({ line }: ClientMiss): string {
  return `To bring it, run where there is a connection: artifact-vault warm ${shellWord(line)}`;
}
