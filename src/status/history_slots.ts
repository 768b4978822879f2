import { addTraffic, noTraffic, type Traffic } from "../observe/traffic.ts";

/** The lengths of slots, and how many of each there are. */
export const spans = {
  minutes: { ms: 60_000, count: 60 },
  hours: { ms: 3_600_000, count: 24 },
  days: { ms: 86_400_000, count: 30 },
} as const;

export type Span = keyof typeof spans;

export const spanNames: readonly Span[] = ["minutes", "hours", "days"];

/** The traffic of one minute, hour or day. */
export interface Slot {
  /** Its beginning, in ms since the epoch. */
  readonly from: number;
  /** By the names of backends. */
  readonly traffic: ReadonlyMap<string, Traffic>;
  /** The bytes of the cache at its end; null where that is not known. */
  readonly cacheBytes: number | null;
}

/** The slots with any traffic of all lengths, oldest first. */
export type Slots = Readonly<Record<Span, readonly Slot[]>>;

export const noSlots: Slots = { minutes: [], hours: [], days: [] };

/** So many backends are told apart in a slot; a configuration rarely has more. */
const mostBackends = 32;
const otherBackends = "others";

/** What happened at one time. */
export interface Happened {
  readonly at: number;
  readonly traffic: ReadonlyMap<string, Traffic>;
  readonly cacheBytes: number | null;
}

/** Adds traffic to the slots of its time, and leaves out those that are too old by then. */
export function addToSlots(slots: Slots, happened: Happened): Slots {
  const added = (span: Span) => addTo(slots[span], span, happened);
  return { minutes: added("minutes"), hours: added("hours"), days: added("days") };
}

/** The beginning of the slot that a time lies in. Days are those of UTC. */
export function slotStart(at: number, span: Span): number {
  const { ms } = spans[span];
  return Math.floor(at / ms) * ms;
}

function addTo(slots: readonly Slot[], span: Span, { at, traffic, cacheBytes }: Happened): readonly Slot[] {
  const { ms, count } = spans[span];
  const from = slotStart(at, span);
  const oldest = from - (count - 1) * ms;
  // One from the future was written by a clock that was wrong.
  const others = slots.filter((slot) => slot.from >= oldest && slot.from < from);
  const same = slots.find((slot) => slot.from === from) ?? { from, traffic: new Map(), cacheBytes: null };
  const sum = { from, traffic: merged(same.traffic, traffic), cacheBytes: cacheBytes ?? same.cacheBytes };
  return [...others, sum];
}

/** The sum by backend. */
export function merged(...all: readonly ReadonlyMap<string, Traffic>[]): ReadonlyMap<string, Traffic> {
  const sum = new Map<string, Traffic>();
  for (const [name, traffic] of all.flatMap((one) => [...one])) {
    const backend = sum.has(name) || sum.size < mostBackends ? name : otherBackends;
    sum.set(backend, addTraffic(sum.get(backend) ?? noTraffic, traffic));
  }
  return sum;
}
