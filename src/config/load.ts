import { VaultError } from "../errors.ts";
import { readConfigFile } from "./read_file.ts";
import { type Env, readEnv } from "./env.ts";
import { withoutCacheBlock, withoutUnsetLogins } from "./leniency.ts";
import { formatPath, type Problem } from "./problem.ts";
import { bareReferences, namesInTexts, resolveTexts } from "./resolve_texts.ts";
import type { Config, ConfigSchema } from "./schema.ts";
import { problemsOf } from "./wording.ts";
import { YamlFile } from "./yaml_file.ts";

/** A value that was not given in the file but as an option; messages call that `source`: `--port`. */
export interface Override {
  readonly value: string | boolean;
  readonly source: string;
}

/** Values by global key, which take the place of those in the file. */
export type Overrides = Readonly<Record<string, Override>>;

export interface LoadOptions {
  readonly schema: ConfigSchema;
  /** The file to read; the built-in configuration without it. */
  readonly path?: string | undefined;
  /** The text of the file, where it has been read already. */
  readonly text?: string;
  readonly env: Env;
  readonly overrides?: Overrides;
  /** Called with a sentence for each part of the file that is ignored. */
  readonly warn?: (message: string) => void;
}

/**
 * Reads and checks a configuration. Throws `config_invalid` with all problems, one a line, and `permission_missing`
 * where the file or the environment may not be read.
 */
export async function loadConfig(options: LoadOptions): Promise<Config> {
  const { schema, path, text, env, overrides = {}, warn = () => {} } = options;
  const file = new YamlFile(text ?? await readConfigFile(path));
  const values = readEnv(env, namesInTexts(file.value));
  const valueOf = (name: string) => values.get(name);
  const read = withoutCacheBlock(file.value);
  const withLogins = withoutUnsetLogins(read.value, valueOf);
  const resolved = resolveTexts(withLogins.value, valueOf);
  const input = withOverrides(resolved.value, overrides);
  const result = schema.safeParse(input);
  const problems = [...file.problems, ...resolved.problems];
  if (result.success && problems.length === 0) {
    for (const warning of [...read.warnings, ...withLogins.warnings, ...bareReferences(file.value)]) warn(warning);
    return result.data;
  }
  if (!result.success && file.isReadable) {
    const reported = new Set(resolved.problems.map(({ path }) => formatPath(path)));
    const found = result.error.issues.flatMap((issue) => problemsOf(issue, { input, schema }));
    problems.push(...found.filter(({ path }) => !reported.has(formatPath(path))));
  }
  const lines = describeProblems(problems, { file, name: path ?? "built-in configuration", overrides });
  throw new VaultError("config_invalid", lines.join("\n"));
}

/** Returns the environment variables that a configuration's text refers to, set or not. */
export function referencedEnv(text: string): string[] {
  return namesInTexts(new YamlFile(text).value);
}

function withOverrides(input: unknown, overrides: Overrides): unknown {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  const values = Object.entries(overrides).map(([key, { value }]) => [key, value]);
  return { ...input, ...Object.fromEntries(values) };
}

/** Formats problems as `config.yml:12:3: backends[0].config.timeout: …`, in the order of the file. */
function describeProblems(
  problems: readonly Problem[],
  origin: { file: YamlFile; name: string; overrides: Overrides },
): string[] {
  const { file, name, overrides } = origin;
  const placed = problems.map(({ path, offset, message }) => {
    const override = overrides[String(path[0])];
    if (override !== undefined) return { line: 0, col: 0, text: `${override.source}: ${message}` };
    const { line, col } = offset === undefined ? file.locate(path) : file.positionOf(offset);
    const what = path.length === 0 ? "" : `${formatPath(path)}: `;
    return { line, col, text: `${name}:${line}:${col}: ${what}${message}` };
  });
  return placed.sort((a, b) => a.line - b.line || a.col - b.col).map(({ text }) => text);
}
