/** Formats a number of things for people: `1 body`, `2 bodies`. The plural has an s where it is not given. */
export function shownCount(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** What is counted, as one and as several. */
export type Unit = readonly [one: string, many: string];

export const bodyUnit: Unit = ["body", "bodies"];

export function shownEntries(count: number): string {
  return shownCount(count, "entry", "entries");
}

export function shownBodies(count: number): string {
  return shownCount(count, ...bodyUnit);
}
