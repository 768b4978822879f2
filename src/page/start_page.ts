import type { InventorySummary } from "../status/inventory.ts";
import type { Status } from "../status/status.ts";
import { activity } from "./activity.ts";
import { contents, searchForm } from "./contents.ts";
import { gains } from "./gains.ts";
import { type Html, html } from "./html.ts";
import { live, section } from "./layout.ts";
import { problems } from "./problems.ts";
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

/** The start page. `origin` is this server's address as the browser wrote it. */
export function startPage(
  parts: LiveParts,
  { backends, origin }: { readonly backends: readonly UsableBackend[]; readonly origin: string },
): Html {
  return html`<h1 class="skip">Artifact Vault</h1>
${section("well", "Is it well?", live("well", parts.well))}
${section("usage", "How do I use it?", usage(backends, origin))}
${section("activity", "What is happening?", live("activity", parts.activity))}
${section("gains", "What has it brought?", live("gains", parts.gains))}
${section("contents", "What is in it?", html`${searchForm(null)}${live("contents", parts.contents)}`)}
${section("problems", "What went wrong?", live("problems", parts.problems))}`;
}
