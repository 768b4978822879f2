import { replaceFile } from "../store/files.ts";
import { readJson } from "../store/regular_files.ts";
import { type Traffic, trafficFields } from "../observe/traffic.ts";
import { noSlots, type Slot, type Slots, spanNames, spans } from "./history_slots.ts";

/** The form of the file; another one is not read. */
const version = 1;

/**
 * Reads the slots from a file; those that are damaged are left out, and there are none in a file of something else, or
 * without one.
 */
export function readHistory(path: string): Slots {
  const found = readJson(path) as { version?: unknown } & Record<string, unknown> | null;
  if (found?.version !== version) return noSlots;
  const slotsOf = (span: typeof spanNames[number]) => {
    const list = Array.isArray(found[span]) ? found[span].slice(-spans[span].count) : [];
    return list.flatMap((item) => parseSlot(item, spans[span].ms) ?? []).toSorted((a, b) => a.from - b.from);
  };
  return { minutes: slotsOf("minutes"), hours: slotsOf("hours"), days: slotsOf("days") };
}

/** Replaces the file in one step. Its size is bounded: it has a slot for each minute, hour and day. */
export async function writeHistory(path: string, slots: Slots): Promise<void> {
  const lists = spanNames.map((span) => [span, slots[span].map(formatSlot)]);
  const text = `${JSON.stringify({ version, ...Object.fromEntries(lists) })}\n`;
  await replaceFile(path, `${path}.${crypto.randomUUID()}.tmp`, text);
}

function formatSlot({ from, traffic, cacheBytes }: Slot) {
  const backends = [...traffic].map(([name, one]) => [name, ...trafficFields.map((field) => one[field])]);
  return { from, cacheBytes, backends };
}

function parseSlot(item: unknown, ms: number): Slot | null {
  const { from, cacheBytes, backends } = (item ?? {}) as Record<string, unknown>;
  if (!isCount(from) || from % ms !== 0 || !Array.isArray(backends)) return null;
  const traffic = new Map(backends.flatMap((backend) => parseTraffic(backend) ?? []));
  return { from, traffic, cacheBytes: isCount(cacheBytes) ? cacheBytes : null };
}

/** A list in a list, so that it can be flattened. */
function parseTraffic(item: unknown): [readonly [string, Traffic]] | null {
  if (!Array.isArray(item)) return null;
  const [name, ...counts] = item as unknown[];
  if (typeof name !== "string" || counts.length !== trafficFields.length || !counts.every(isCount)) return null;
  const traffic = Object.fromEntries(trafficFields.map((field, at) => [field, counts[at]])) as unknown as Traffic;
  return [[name, traffic]];
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
