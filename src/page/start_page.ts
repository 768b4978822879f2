import { createHash } from "node:crypto";
import type { InventorySummary } from "../status/inventory.ts";
import type { Status } from "../status/status.ts";
import { activity } from "./activity.ts";
import { contents, searchForm } from "./contents.ts";
import { gains } from "./gains.ts";
import { type Html, html } from "./html.ts";
import { live, section } from "./layout.ts";
import { problems } from "./problems.ts";
import { home } from "./paths.ts";
import type { Moment } from "./shown.ts";
import { type UsableBackend, usage } from "./usage.ts";
import { wellbeing } from "./wellbeing.ts";

/** The parts of the start page that change while it is open. */
export type LiveParts = Readonly<Record<"well" | "activity" | "gains" | "contents" | "problems", Html>>;

/** Makes the parts that change. What several of them show is read once. */
export function liveParts(status: Status, inventory: InventorySummary, now: Moment): LiveParts {
  const overview = status.overview();
  return {
    well: wellbeing({ overview, upstreams: status.upstreams(), disk: status.disk() }, now),
    activity: activity({ overview, transfers: status.transfers(), requests: status.requests() }, now),
    gains: gains(status.history()),
    contents: contents(inventory, now),
    problems: problems(status.problems(), now),
  };
}

export interface StartPageOptions {
  readonly backends: readonly UsableBackend[];
  /** This server's address as the browser wrote it. */
  readonly origin: string;
  /** What the parts that do not change are made of: see `madeOf`. */
  readonly made: string;
}

/** Tells one state of what an open page does not show anew, which is the vault's version and its backends, from another. */
export function madeOf(version: string, backends: readonly UsableBackend[]): string {
  return createHash("sha256").update(JSON.stringify([version, backends])).digest("hex").slice(0, 16);
}

/** The start page. */
export function startPage(parts: LiveParts, { backends, origin, made }: StartPageOptions): Html {
  return html`
    <h1 class="skip">Artifact Vault</h1>
    <p id="outdated" class="verdict warn" role="status" data-made="${made}"
      hidden>The vault has another version or other backends than when this page was loaded: <a href="${home}">load it again</a>.</p>
    ${section("well", "Is it well?", live("well", parts.well))}
    ${section("usage", "How do I use it?", usage(backends, origin))}
    ${section("activity", "What is happening?", live("activity", parts.activity))}
    ${section("gains", "What has it brought?", live("gains", parts.gains))}
    ${section("contents", "What is in it?", html`${searchForm(null)}${live("contents", parts.contents)}`)}
    ${section("problems", "What went wrong?", live("problems", parts.problems))}
  `;
}
