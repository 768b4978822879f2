import type { Config } from "../config/schema.ts";
import type { Entry } from "../store/store.ts";
import type { Outlook } from "../vault/outlook.ts";
import { shownDate, shownLength } from "../observe/shown_time.ts";

/** What the next client that asks for an entry gets, in words. */
export interface Next {
  /** Null where no client asks for it by itself. */
  readonly decision: Outlook["decision"] | null;
  readonly answer: string;
  readonly freshness: string;
}

/** Describes an outlook; null is that of an entry which no request leads to, or whose backend is not configured. */
export function nextOf({ backend }: Entry, outlook: Outlook | null, { backends }: Pick<Config, "backends">): Next {
  if (outlook !== null) {
    return { decision: outlook.decision, answer: answerOf(outlook), freshness: freshnessOf(outlook) };
  }
  const isConfigured = backends.some(({ name }) => name === backend);
  const answer = isConfigured
    ? "the vault uses it for its own answers: no client asks for it by this name"
    : `nothing: no backend "${backend}" is configured`;
  return { decision: null, answer, freshness: "not known" };
}

function answerOf({ decision, reason }: Outlook): string {
  switch (decision) {
    case "serve":
      return "is served from the cache; no upstream is asked";
    case "revalidate":
      return `is served once upstream has been asked whether it has changed: ${reason}`;
    case "fetch":
      return `is served what upstream sends: ${reason}`;
    case "refuse":
      return `is refused, since the vault is offline: ${reason}`;
  }
}

const kinds: Readonly<Record<Outlook["freshness"], string>> = {
  immutable: "for ever: its name says which bytes are right, or it is declared immutable",
  ttl: "by the ttl of its backend",
  http: "by upstream's headers",
};

function freshnessOf({ freshness, freshUntil }: Outlook): string {
  if (freshness === "immutable" || freshUntil === Infinity) return kinds.immutable;
  const left = freshUntil - Date.now();
  const state = freshUntil === 0
    ? "never fresh"
    : left > 0
    ? `fresh until ${shownDate(freshUntil)} (for ${shownLength(left)})`
    : `stale since ${shownDate(freshUntil)} (for ${shownLength(-left)})`;
  return `${state}, ${kinds[freshness]}`;
}
