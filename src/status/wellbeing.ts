import { shownCount } from "../observe/shown_count.ts";
import type { ProblemGroup } from "./problem_group.ts";
import type { Overview, UpstreamStatus } from "./status.ts";

interface Facts {
  readonly upstreams: readonly UpstreamStatus[];
  readonly problems: readonly ProblemGroup[];
  readonly notReady: string | null;
  readonly isOffline: boolean;
  readonly warnings: readonly string[];
}

/** What happened earlier says little about now. */
const recentMs = 300_000;

/** What is wrong with this machine comes first, and what clients ask for in vain last. */
const ofMachine = ["internal", "storage_failed", "permission_missing", "cache_full", "not_stored", "damaged_body"];
const ofClients = ["denied", "offline", "unknown_route"];

function rankOf({ code }: ProblemGroup): number {
  return ofMachine.includes(code) ? 0 : ofClients.includes(code) ? 2 : 1;
}

/** Says how the vault is, in a word and in a sentence: the worst first. */
export function judge(facts: Facts, now: number): Pick<Overview, "wellbeing" | "sentence"> {
  const { upstreams, problems, notReady, isOffline, warnings } = facts;
  if (notReady !== null) return { wellbeing: "failing", sentence: `The vault is not ready: ${notReady}.` };
  const down = isOffline ? [] : upstreams.filter(({ state }) => state === "down");
  if (down.length > 0) {
    // Which other hosts are asked, clients and upstreams may choose.
    const ofConfig = down.filter(({ backends }) => backends.length > 0);
    const [first] = [...ofConfig, ...down];
    const why = first!.lastError === null ? "" : ` (${first!.lastError})`;
    const others = down.filter((one) => one !== first);
    const sentence = `${named([first!, ...others])} not answer${why}; what is cached is served.`;
    return { wellbeing: ofConfig.length > 0 ? "failing" : "troubled", sentence };
  }
  const trouble = isOffline ? [] : upstreams.filter(({ state }) => state === "failing" || state === "slow");
  if (trouble.length > 0) {
    return { wellbeing: "troubled", sentence: `${named(trouble)} not answer well at the moment.` };
  }
  const refusing = isOffline ? [] : upstreams.filter(({ login }) => login === "refused");
  if (refusing.length > 0) {
    const what = "the credentials of the configuration, such as a token that has expired";
    return { wellbeing: "troubled", sentence: `${named(refusing)} not accept ${what}.` };
  }
  const recent = problems.filter(({ lastAt }) => now - lastAt < recentMs).toSorted((a, b) => rankOf(a) - rankOf(b));
  const [worst] = recent;
  if (worst !== undefined) {
    const where = worst.backend === "" ? "" : ` (${worst.backend})`;
    const others = recent.length === 1 ? "" : `, and ${shownCount(recent.length - 1, "other problem")}`;
    return { wellbeing: "troubled", sentence: `In the last minutes: ${decapitalised(worst.title)}${where}${others}.` };
  }
  if (warnings.length > 0) {
    const sentence = "The vault works, and there is something to look at in its configuration.";
    return { wellbeing: "troubled", sentence };
  }
  if (isOffline) return { wellbeing: "well", sentence: "All is well: the vault is offline and serves what is cached." };
  return { wellbeing: "well", sentence: "All is well." };
}

function named(upstreams: readonly UpstreamStatus[]): string {
  const [first] = upstreams;
  const others = upstreams.length - 1;
  if (others === 0) return `${first!.origin} does`;
  return `${first!.origin} and ${others === 1 ? "another upstream" : `${others} other upstreams`} do`;
}

function decapitalised(sentence: string): string {
  return sentence[0]!.toLowerCase() + sentence.slice(1);
}
