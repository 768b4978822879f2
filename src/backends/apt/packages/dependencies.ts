import { compareVersions, satisfies } from "../version_numbers.ts";
import type { Stanza } from "./stanzas.ts";

/** One way to satisfy a dependency: `libc6 (>= 2.36)`. */
interface Alternative {
  readonly name: string;
  readonly relation: string | null;
  readonly version: string;
}

export interface ResolveOptions {
  /** Names of packages, each perhaps with a version behind `=`. */
  readonly wanted: readonly string[];
  readonly recommends: boolean;
  /** False for the packages alone. */
  readonly follows: boolean;
}

/** Packages, with sentences about what is not there. */
export interface Chosen {
  readonly stanzas: readonly Stanza[];
  readonly missing: readonly string[];
}

/** A name that a package provides besides its own, perhaps with a version. */
interface Provision {
  readonly stanza: Stanza;
  readonly version: string | null;
}

/** The packages of some lists, by their names and by what they provide. */
export class PackageSet {
  readonly #named = new Map<string, Stanza[]>();
  readonly #provided = new Map<string, Provision[]>();

  add(stanza: Stanza): void {
    pushTo(this.#named, stanza.name, stanza);
    for (const [{ name, relation, version }] of parseRelations(stanza.provides)) {
      pushTo(this.#provided, name, { stanza, version: relation === null ? null : version });
    }
  }

  /**
   * Chooses packages as apt does on a machine that has none: of each name the newest version, and of alternatives the
   * first that can be had, unless one is chosen already.
   */
  resolve({ wanted, recommends, follows }: ResolveOptions): Chosen {
    const chosen = new Map<string, Stanza>();
    const missing: string[] = [];
    const waiting: Stanza[] = [];
    const choose = (stanza: Stanza) => {
      if (chosen.has(stanza.name)) return;
      chosen.set(stanza.name, stanza);
      waiting.push(stanza);
    };
    for (const text of wanted) {
      const [name = "", version] = text.split("=");
      const asked = { name, relation: version === undefined ? null : "=", version: version ?? "" };
      const found = this.#find(asked);
      if (found !== null) choose(found);
      else missing.push(`${text} is not there${this.#instead(name)}`);
    }
    for (let next = waiting.shift(); follows && next !== undefined; next = waiting.shift()) {
      const needed = [next.preDepends, next.depends, ...recommends ? [next.recommends] : []];
      const isNeeded = (at: number) => at < 2;
      for (const [at, text] of needed.entries()) {
        for (const alternatives of parseRelations(text)) {
          if (alternatives.some((one) => isSatisfied(one, chosen))) continue;
          const found = alternatives.values().map((one) => this.#find(one)).find((stanza) => stanza !== null);
          if (found) choose(found);
          else if (isNeeded(at)) missing.push(`${next.name} needs ${shown(alternatives)}, which is not there`);
        }
      }
    }
    return { stanzas: [...chosen.values()], missing };
  }

  /** A package of that name comes before those that provide it. */
  #find({ name, relation, version }: Alternative): Stanza | null {
    const fitting = (this.#named.get(name) ?? []).filter((one) => satisfies(one.version, relation, version));
    const [newest] = fitting.toSorted((a, b) => compareVersions(b.version, a.version));
    return newest ?? this.#provided.get(name)?.find((one) => provides(one, { relation, version }))?.stanza ?? null;
  }

  #instead(name: string): string {
    const versions = this.#named.get(name)?.map(({ version }) => version) ?? [];
    return versions.length === 0 ? "" : ` (there is ${versions.join(", ")})`;
  }
}

/** A dependency with a version is satisfied only by what provides one (policy §7.5). */
function provides({ version: own }: Provision, { relation, version }: Omit<Alternative, "name">): boolean {
  return relation === null || own !== null && satisfies(own, relation, version);
}

function isSatisfied({ name, relation, version }: Alternative, chosen: ReadonlyMap<string, Stanza>): boolean {
  const own = chosen.get(name);
  if (own !== undefined) return satisfies(own.version, relation, version);
  for (const stanza of chosen.values()) {
    if (!stanza.provides.includes(name)) continue;
    const provisions = parseRelations(stanza.provides).map(([one]) => one).filter((one) => one.name === name);
    if (provisions.some((one) => provides({ stanza, version: one.relation && one.version }, { relation, version }))) {
      return true;
    }
  }
  return false;
}

/** Parses `a (>= 1) | b, c:any` (policy §7.1): what is needed, each with its alternatives. */
function parseRelations(text: string): readonly (readonly [Alternative, ...Alternative[]])[] {
  return text.split(",").flatMap((part) => {
    const [first, ...rest] = part.split("|").flatMap((one) => parseAlternative(one) ?? []);
    return first === undefined ? [] : [[first, ...rest] as const];
  });
}

function parseAlternative(text: string): Alternative | null {
  const [, name, relation = null, version = ""] =
    /^\s*([a-z0-9][a-z0-9+.-]*)(?::[a-z0-9-]+)?\s*(?:\(\s*(<<|<=|=|>=|>>|<|>)\s*([^\s)]+)\s*\))?/i.exec(text) ?? [];
  return name === undefined ? null : { name, relation, version };
}

function shown(alternatives: readonly Alternative[]): string {
  return alternatives.map(({ name, relation, version }) =>
    relation === null ? name : `${name} (${relation} ${version})`
  )
    .join(" or ");
}

function pushTo<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}
