import type { Env } from "./env.ts";
import { formatPath, type Path } from "./problem.ts";
import { credentialKeys } from "./credential_keys.ts";

export interface LeftOut {
  readonly value: unknown;
  /** One sentence for each thing that was left out, with what to do. */
  readonly warnings: readonly string[];
}

/**
 * Leaves out `cache`, which a page of the original tool documents although that tool ignores it. The warning names the
 * keys to write instead.
 */
export function withoutCacheBlock(input: unknown): LeftOut {
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
export function withoutUnsetLogins(tree: unknown, env: Env): LeftOut {
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
