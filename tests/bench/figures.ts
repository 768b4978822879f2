/** What DESIGN 8 or an issue asks of a figure. */
export type Wanted =
  | { readonly kind: "ratio"; readonly atLeast: number }
  | { readonly kind: "ratio"; readonly atMost: number }
  | { readonly kind: "vault"; readonly atLeast: number }
  | { readonly kind: "vault"; readonly atMost: number };

/** One measure of the vault and of the program it is compared with, in the order of measuring. */
export interface Measured {
  readonly vault: readonly number[];
  /** Null where no other program has anything alike. */
  readonly peer: { readonly name: string; readonly values: readonly number[] } | null;
}

/** One line of the table. */
export interface Figure extends Measured {
  readonly name: string;
  readonly unit: string;
  readonly wanted?: readonly Wanted[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] ?? NaN : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** The vault's median over the peer's; NaN where there is no peer. */
export function ratioOf({ vault, peer }: Figure): number {
  return median(vault) / median(peer?.values ?? []);
}

export function isMet(figure: Figure, wanted: Wanted): boolean {
  const value = wanted.kind === "ratio" ? ratioOf(figure) : median(figure.vault);
  return "atLeast" in wanted ? value >= wanted.atLeast : value <= wanted.atMost;
}

/** The figures as a table for a terminal. */
export function formatTable(figures: readonly Figure[]): string {
  const head = ["case", "unit", "vault", "peer", "", "ratio", "wanted", "met"];
  const rows = [head, ...figures.map(rowOf)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isNumber = (column: number) => column === 2 || column === 3 || column === 5;
  const pad = (cell: string, column: number) =>
    isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

function rowOf(figure: Figure): string[] {
  const { name, unit, vault, peer, wanted = [] } = figure;
  const compared = peer === null ? ["", "", ""] : [
    formatNumber(median(peer.values)),
    peer.name,
    ratioOf(figure).toFixed(2),
  ];
  const met = wanted.length === 0 ? "" : wanted.every((one) => isMet(figure, one)) ? "yes" : "NO";
  return [name, unit, formatNumber(median(vault)), ...compared, formatWanted(wanted), met];
}

function formatWanted(wanted: readonly Wanted[]): string {
  return wanted.map((one) => {
    const limit = "atLeast" in one ? `≥ ${one.atLeast}` : `≤ ${one.atMost}`;
    return one.kind === "ratio" ? `${limit} × peer` : limit;
  }).join(", ");
}

function formatNumber(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
