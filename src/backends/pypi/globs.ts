import { compileRules } from "../../glob/compile.ts";

/** The projects that an index may have: globs of normalised names; empty for all, and for none. */
export interface ProjectGlobs {
  readonly only: readonly string[];
  readonly never: readonly string[];
}

/** Says whether an index may have a project, by its normalised name. */
export function permitting({ only, never }: ProjectGlobs): (project: string) => boolean {
  const isNamed = only.length === 0 ? () => true : compileRules(only);
  const isBarred = never.length === 0 ? () => false : compileRules(never);
  return (project) => isNamed(project) && !isBarred(project);
}
