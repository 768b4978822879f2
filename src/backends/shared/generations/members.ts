import type { Artifact } from "../../../artifact.ts";
import type { VaultReader } from "../../../reader.ts";
import { VaultError } from "../../../errors.ts";
import type { GenerationChange, GenerationRules } from "./generation.ts";
import type { ReadAhead } from "./read_ahead.ts";

export interface MemberTools<Root> {
  readonly rules: GenerationRules<Root>;
  readonly readAhead: ReadAhead;
}

/**
 * Fetches the members that clients of the adopted generation have requested, as the next one lists them. Throws
 * VaultError where upstream's members do not fit together, or are not available.
 */
export async function fetchMembers<Root>(
  tools: MemberTools<Root>,
  change: GenerationChange<Root>,
  vault: VaultReader,
): Promise<void> {
  if (isOlder(tools.rules, change)) {
    throw new VaultError("upstream_changed", "it is older than the cached one");
  }
  await Promise.all(changedMembers(tools, change, vault).map((member) => fetchFromAny(member, vault)));
}

/** Where the first mirror is down, another may be behind. */
function isOlder<Root>(rules: GenerationRules<Root>, { adopted, next }: GenerationChange<Root>): boolean {
  const [before, after] = [adopted && rules.madeAt(adopted.value.root), rules.madeAt(next.value.root)];
  return before !== null && after !== null && after < before;
}

/**
 * A member of the adopted generation that is cached has been requested, by whatever path, or was itself fetched ahead.
 */
function changedMembers<Root>(
  { rules, readAhead }: MemberTools<Root>,
  { path, adopted, next }: GenerationChange<Root>,
  vault: VaultReader,
): Artifact[] {
  if (adopted === null) return [];
  const [before, after] = [adopted.value.root, next.value.root];
  const changed: Artifact[] = [];
  for (const listed of rules.members(before)) {
    if (!rules.has(after, listed) || !vault.holds(rules.member(path, before, listed))) continue;
    const member = rules.member(path, after, listed);
    const name = rules.nameOf(path, listed);
    if (vault.holds(member) || !readAhead.wants(name)) continue;
    readAhead.fetched(name);
    changed.push(member);
  }
  return changed;
}

/** Wrong bytes may be those of one mirror only; the mirror that sent them is asked last the next time. */
async function fetchFromAny(artifact: Artifact, vault: VaultReader): Promise<void> {
  for (let left = artifact.candidates.length - 1;; left--) {
    try {
      return await vault.fetch(artifact);
    } catch (error) {
      if (left === 0 || !(error instanceof VaultError) || error.code !== "digest_mismatch") throw error;
    }
  }
}
