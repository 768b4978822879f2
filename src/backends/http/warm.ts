import type { WarmSource } from "../../warming.ts";
import { type Served, servedPath } from "../shared/served_path.ts";

/** Files of any web server: there are no lists of its own, only URLs and paths. */
export function createWarmSource(backends: readonly Served[]): WarmSource {
  return { pathOf: (url) => servedPath(url, backends), prefixes: backends.map(({ prefix }) => prefix) };
}
