import { type HeaderList, headerOf } from "./headers.ts";

/** What a request may select a representation by (RFC 9111 §4.1). */
export interface Selecting {
  /** Sent upstream. */
  readonly requestHeaders: HeaderList;
  /**
   * The client's value of another header, named in lower case, that is sent upstream once its `Vary` names it;
   * undefined where the client did not send it, or it never leaves the vault.
   */
  offered?(name: string): string | undefined;
}

/** The values a request has for these headers; empty where it has none. */
export function selectionOf(names: readonly string[], selecting: Selecting): HeaderList {
  return names.map((name) => [name, valueOf(name, selecting)] as const);
}

/** Whether a representation that was selected by these headers is the one that a request selects. */
export function isSelectedBy(selectedBy: HeaderList, selecting: Selecting): boolean {
  return selectedBy.every(([name, value]) => valueOf(name, selecting) === value);
}

/** The headers to send where upstream's `Vary` names these: the very same list where the client offers none of them. */
export function withOffered(names: readonly string[], selecting: Selecting): HeaderList {
  const { requestHeaders } = selecting;
  const added: [string, string][] = [];
  for (const name of names) {
    const value = headerOf(requestHeaders, name) === undefined ? selecting.offered?.(name) : undefined;
    if (value !== undefined) added.push([name, value]);
  }
  return added.length === 0 ? requestHeaders : [...requestHeaders, ...added];
}

function valueOf(name: string, selecting: Selecting): string {
  return headerOf(selecting.requestHeaders, name) ?? selecting.offered?.(name) ?? "";
}
