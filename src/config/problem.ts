/** A path of keys and list positions: `["backends", 0, "config"]`. */
export type Path = readonly PropertyKey[];

/** One thing wrong with a configuration. */
export interface Problem {
  readonly path: Path;
  readonly message: string;
  /** Offset into the text, where it is not the place of `path`. */
  readonly offset?: number;
}

/** `backends[0].config.timeout`; empty for the whole document. */
export function formatPath(path: Path): string {
  return path.map((step, index) => typeof step === "number" ? `[${step}]` : `${index > 0 ? "." : ""}${String(step)}`)
    .join("");
}
