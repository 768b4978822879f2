import { isDeepStrictEqual } from "node:util";
import type { Config, ConfigSchema } from "./schema.ts";
import { showConfig } from "./show.ts";

/** A key whose value another configuration changes. */
export interface Change {
  /** `http_port`, or `backends.pypi.config.ttl`: backends go by their names. */
  readonly path: string;
  /** The old and the new value as one would write them, without secrets; absent where there is none. */
  readonly before?: unknown;
  readonly after?: unknown;
  /** True where only a restart brings it into force. */
  readonly needsRestart: boolean;
}

/** The global keys that count at start only. `tls` as a whole is one more: its files may be others. */
const startKeys = ["http_host", "http_port", "cache_dir", "memory_cache_size", "offline"] as const;
const restartKeys: ReadonlySet<string> = new Set(startKeys);

/** Returns what differs between two configurations. A secret that has changed is a change of `***` to `***`. */
export function changesBetween(before: Config, after: Config, schema: ConfigSchema): Change[] {
  const old = leavesOf(before, showConfig(before, schema), namesOf(after));
  const now = leavesOf(after, showConfig(after, schema), namesOf(before));
  return compare(old, now, (before.tls === undefined) !== (after.tls === undefined));
}

/** The same of configurations as `showConfig` returns them, so that secrets are not compared. */
export function changesBetweenShown(before: unknown, after: unknown): Change[] {
  const [one, other] = [before as Config, after as Config];
  const old = leavesOf(one, one, namesOf(other));
  const now = leavesOf(other, other, namesOf(one));
  return compare(old, now, (one.tls === undefined) !== (other.tls === undefined));
}

function compare(old: Leaves, now: Leaves, tls: boolean): Change[] {
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((path): Change[] => {
    const [one, other] = [old.get(path), now.get(path)];
    if (isDeepStrictEqual(one?.value, other?.value)) return [];
    const [key] = path.split(".", 1);
    return [{
      path,
      ...one !== undefined && { before: one.shown },
      ...other !== undefined && { after: other.shown },
      needsRestart: restartKeys.has(key!) || (tls && key === "tls"),
    }];
  });
}

/** Returns the configuration that a running program can change to: what needs a restart stays as it is. */
export function reloadable(running: Config, wanted: Config): Config {
  const kept = Object.fromEntries(startKeys.map((key) => [key, (running as Record<string, unknown>)[key]]));
  const { tls: _, ...others } = wanted;
  const tls = running.tls && (wanted.tls ?? running.tls);
  return { ...others, ...kept, ...tls !== undefined && { tls } };
}

/** Returns the keys of a configuration without some. */
export function allBut(config: Config, left: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !left.has(key)));
}

/** Formats a change as one line: `log_level: "INFO" becomes "DEBUG"`. */
export function describeChange({ path, before, after }: Change): string {
  if (before === undefined) return `${path}: ${word(after)} is new`;
  if (after === undefined) return `${path}: ${word(before)} is gone`;
  if (isDeepStrictEqual(before, after)) return `${path}: another secret`;
  return `${path}: ${word(before)} becomes ${word(after)}`;
}

function namesOf({ backends }: Config): ReadonlySet<string> {
  return new Set(backends.map(({ name }) => name));
}

type Leaves = ReadonlyMap<string, Leaf>;

interface Leaf {
  readonly value: unknown;
  readonly shown: unknown;
}

/** The values by path, down to lists; a backend that is new or gone as a whole is one value. */
function leavesOf(config: Config, shown: unknown, others: ReadonlySet<string>): Map<string, Leaf> {
  const leaves = new Map<string, Leaf>();
  const { backends: shownBackends, ...shownGlobals } = shown as Record<string, unknown> & { backends: unknown[] };
  const { backends, ...globals } = config;
  addLeaves(leaves, "", { value: globals, shown: shownGlobals });
  for (const [index, backend] of backends.entries()) {
    const path = `backends.${backend.name}`;
    if (others.has(backend.name)) addLeaves(leaves, path, { value: backend, shown: shownBackends[index] });
    else leaves.set(path, { value: backend, shown: `${backend.type} at ${backend.config.prefix}` });
  }
  return leaves;
}

function addLeaves(leaves: Map<string, Leaf>, path: string, { value, shown }: Leaf): void {
  if (!isMapping(value) || !isMapping(shown)) {
    if (value !== undefined) leaves.set(path, { value, shown });
    return;
  }
  for (const [key, inner] of Object.entries(value)) {
    if (path !== "" && key === "name") continue;
    addLeaves(leaves, path === "" ? key : `${path}.${key}`, { value: inner, shown: shown[key] });
  }
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof RegExp);
}

function word(value: unknown): string {
  return JSON.stringify(value) ?? "nothing";
}
