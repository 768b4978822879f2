const units = [["y", 365 * 86_400_000], ["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1000]] as const;

/** Formats a length of time for people, in its largest unit: `3 d`, `12 min`, `0 s`. */
export function shownLength(ms: number): string {
  const [unit, length] = units.find(([, length]) => ms >= length) ?? units.at(-1)!;
  return `${Math.floor(Math.max(0, ms) / length)} ${unit}`;
}

/** Formats a time for people, in ms since the epoch or as ISO 8601: `2026-11-29 18:04:05 UTC`. */
export function shownDate(at: number | string): string {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return "unknown";
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}
