const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

type Unit = keyof typeof unitMs;

/** The longest that a timer can wait, 24 days: one for longer fires at once (HTML, timers). */
export const longestTimerMs = 2 ** 31 - 1;

/** Parses `30` (seconds), `30s`, `1.5h`, `7d` or `forever` (`Infinity`) to milliseconds; null for anything else. */
export function parseDuration(input: string | number): number | null {
  const text = String(input).trim();
  if (text === "forever") return Infinity;
  const match = /^(\d+(?:\.\d+)?)\s*(ms|[smhdw])?$/.exec(text);
  if (match === null) return null;
  return Math.round(Number(match[1]) * unitMs[(match[2] ?? "s") as Unit]);
}

/** Formats milliseconds as the shortest exact text that `parseDuration` reads back: `90s`, `5m`, `forever`. */
export function formatDuration(ms: number): string {
  if (ms === Infinity) return "forever";
  const unit = (["d", "h", "m", "s"] as const).find((unit) => ms % unitMs[unit] === 0) ?? "ms";
  return ms === 0 ? "0s" : `${ms / unitMs[unit]}${unit}`;
}
