import type { Env } from "./env.ts";
import { formatPath, type Path } from "./problem.ts";
import { credentialKeys } from "./credential_keys.ts";

/** Types of backends that the original tool has and this one may lack, each with advice for the meantime. */
const originalTypes: ReadonlyMap<string, string> = new Map([
  ["npm", "let clients use the registry itself until then"],
]);

/**
 * Returns the types of backends of the original tool that are not among `known`, those of this tool, each with advice
 * for the meantime.
 */
export function unsupportedTypes(known: readonly string[]): ReadonlyMap<unknown, string> {
  return new Map([...originalTypes].filter(([type]) => !known.includes(type)));
}

export interface LeftOut {
  readonly value: unknown;
  /** One sentence for each thing that was left out, with what to do. */
  readonly warnings: readonly string[];
  /** Translates a path in `value` to the path in the file. */
  readonly original: (path: Path) => Path;
}

/** Leaves out the backends of types that are not supported yet, so that the others of such a file are served. */
export function withoutUnsupported(input: unknown, known: readonly string[]): LeftOut {
  const backends = (input as { readonly backends?: unknown } | null | undefined)?.backends;
  if (!Array.isArray(backends)) return { value: input, warnings: [], original: (path) => path };
  const unsupported = unsupportedTypes(known);
  const kept: number[] = [];
  const warnings: string[] = [];
  for (const [index, backend] of backends.entries()) {
    const remedy = unsupported.get(backend?.type);
    if (remedy === undefined) kept.push(index);
    else {
      warnings.push(
        `backends[${index}] is not served: type "${backend.type}" is not supported yet; remove the entry, and ${remedy}`,
      );
    }
  }
  // Where no backend is left, the list is taken as it is: nothing in it could be served.
  if (kept.length === 0) return { value: input, warnings: [], original: (path) => path };
  return {
    value: { ...input as object, backends: kept.map((index) => backends[index]) },
    warnings,
    original: (path) => path[0] === "backends" ? path.map((step, at) => at === 1 ? kept[Number(step)]! : step) : path,
  };
}

/**
 * Leaves out `cache`, which a page of the original tool documents although that tool ignores it. The warning names the
 * keys to write instead.
 */
export function withoutCacheBlock(input: unknown): Omit<LeftOut, "original"> {
  if (typeof input !== "object" || input === null || !("cache" in input)) return { value: input, warnings: [] };
  const { cache, ...rest } = input;
  const { cache_dir: dir, max_size_gb: size } = (cache as { config?: Record<string, unknown> } | null)?.config ?? {};
  const keys = [
    `cache_dir: ${typeof dir === "string" ? dir : "/var/cache/artifact-vault"}`,
    ...typeof size === "number" ? [`cache_max_size: ${size}GB`] : [],
  ];
  return { value: rest, warnings: [`cache is not read; remove it, and write ${keys.join(" and ")} at the top level`] };
}

const loginKeys = Object.keys(credentialKeys);
/** No configuration is deeper. A YAML alias may refer to what is around it, without end. */
const maxDepth = 32;

/**
 * Leaves out logins of which every part is a variable that is not set, so that a file may provide for secrets that not
 * everybody has. Where only some parts are missing, that stays an error.
 */
export function withoutUnsetLogins(tree: unknown, env: Env): Omit<LeftOut, "original"> {
  const warnings: string[] = [];
  const visit = (value: unknown, path: Path): unknown => {
    if (typeof value !== "object" || value === null || path.length > maxDepth) return value;
    if (Array.isArray(value)) return value.map((item, index) => visit(item, [...path, index]));
    const entries = Object.entries(value);
    const names = unsetLogin(entries, env);
    if (names.length > 0) {
      const [is, them] = names.length === 1 ? ["is", "it"] : ["are", "them"];
      const place = formatPath(path);
      warnings.push(
        `${place} has no login, since ${names.join(" and ")} ${is} not set; set ${them}, or remove the key`,
      );
    }
    const left = names.length === 0 ? entries : entries.filter(([key]) => !loginKeys.includes(key));
    return Object.fromEntries(left.map(([key, item]) => [key, visit(item, [...path, key])]));
  };
  return { value: visit(tree, []), warnings };
}

/** The variables of a login of which none is set; empty for every other login. */
function unsetLogin(entries: readonly (readonly [string, unknown])[], env: Env): string[] {
  const parts = entries.filter(([key, value]) => loginKeys.includes(key) && value !== null);
  const names = parts.map(([, value]) => /^\$\{([A-Za-z_][A-Za-z0-9_]*)\}$/.exec(String(value))?.[1]);
  const unset = names.filter((name) => name !== undefined && env(name) === undefined) as string[];
  const isMissing = names.every((name) => name !== undefined && !env(name));
  return isMissing ? [...new Set(unset)] : [];
}
