const prefixes = ["", "k", "m", "g", "t", "p"];

/**
 * Parses `1048576`, `512MB` (decimal) or `100GiB` (binary), in upper or lower case, to bytes; null for anything else.
 */
export function parseSize(input: string | number): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*(?:([kmgtp]?)(i?)b)?$/i.exec(String(input).trim());
  if (match === null) return null;
  const [, amount, prefix = "", binary] = match;
  if (binary !== undefined && binary !== "" && prefix === "") return null;
  const bytes = Math.floor(Number(amount) * (binary ? 1024 : 1000) ** prefixes.indexOf(prefix.toLowerCase()));
  return Number.isSafeInteger(bytes) ? bytes : null;
}

/** Formats bytes as the shortest exact text that `parseSize` reads back: `64MiB`, `512MB`, `1500`. */
export function formatSize(bytes: number): string {
  for (let power = prefixes.length - 1; power > 0 && bytes > 0; power--) {
    const prefix = prefixes[power]!.toUpperCase();
    if (bytes % 1024 ** power === 0) return `${bytes / 1024 ** power}${prefix}iB`;
    if (bytes % 1000 ** power === 0) return `${bytes / 1000 ** power}${prefix}B`;
  }
  return String(bytes);
}
