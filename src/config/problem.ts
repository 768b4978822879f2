/** A path of keys and list positions: `["backends", 0, "config"]`. */
export type Path = readonly PropertyKey[];

/** One thing wrong with a configuration. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  /** The offset into the text, where the problem is not at `path`. */
  readonly offset?: number;
}

/** Formats a path as `backends[0].config.timeout`; empty for the whole document. */
export function formatPath(path: Path): string {
  return path.map((step, index) => typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${String(step)}`)
    .join("");
}
