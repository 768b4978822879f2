import { readPins } from "../inventory/pins.ts";
import { plainPin } from "./index_document.ts";

/**
 * The pins of a cache directory that mean something for some backends, by the beginning of their patterns: those that
 * begin with the name of another backend do not. Throws as `readPins`.
 */
export function carriedPins(cacheDir: string, backends: readonly string[]): string[] {
  return readPins(cacheDir).map(({ pattern }) => pattern)
    .filter((pattern) => plainPin.test(pattern) && backends.some((name) => mayMean(pattern, name)));
}

function mayMean(pattern: string, backend: string): boolean {
  const [first = ""] = pattern.split("/", 1);
  const isAny = first === pattern || first.includes("*");
  return isAny || first === backend;
}
