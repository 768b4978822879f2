/** What is asked of a figure; a ratio is that to the first peer, or to the one that is named. */
export type Wanted =
  | { readonly kind: "ratio"; readonly atLeast: number; readonly peer?: string }
  | { readonly kind: "ratio"; readonly atMost: number; readonly peer?: string }
  | { readonly kind: "vault"; readonly atLeast: number }
  | { readonly kind: "vault"; readonly atMost: number };

/** The same of another program. */
export interface Peer {
  readonly name: string;
  readonly values: readonly number[];
}

/** One measure of the vault and of what it is compared with, in the order of measuring. */
export interface Measured {
  readonly vault: readonly number[];
  /** None where no other program has anything alike. */
  readonly peers: readonly Peer[];
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

/** The vault's median over a peer's, the first one's where none is named; NaN where there is no peer. */
export function ratioOf({ vault, peers }: Figure, peer: Peer | undefined = peers[0]): number {
  return median(vault) / median(peer?.values ?? []);
}

export function isMet(figure: Figure, wanted: Wanted): boolean {
  const value = wanted.kind === "ratio" ? ratioOf(figure, peerOf(figure, wanted.peer)) : median(figure.vault);
  return "atLeast" in wanted ? value >= wanted.atLeast : value <= wanted.atMost;
}

function peerOf({ peers }: Figure, name: string | undefined): Peer | undefined {
  return name === undefined ? peers[0] : peers.find((peer) => peer.name === name);
}

/** The figures as a table for a terminal: a row for each, and one below for each further peer. */
export function formatTable(figures: readonly Figure[]): string {
  const head = ["case", "unit", "vault", "peer", "", "ratio", "wanted", "goal"];
  const rows = [head, ...figures.flatMap(rowsOf)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isNumber = (column: number) => column === 2 || column === 3 || column === 5;
  const pad = (cell: string, column: number) =>
    isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

function rowsOf(figure: Figure): string[][] {
  const { name, unit, vault, peers, wanted = [] } = figure;
  const met = wanted.length === 0 ? "" : wanted.every((one) => isMet(figure, one)) ? "met" : "missed";
  const [first = ["", "", ""], ...further] = peers.map((peer) => [
    formatNumber(median(peer.values)),
    peer.name,
    formatRatio(ratioOf(figure, peer)),
  ]);
  return [
    [name, unit, formatNumber(median(vault)), ...first, formatWanted(wanted), met],
    ...further.map((compared) => ["", "", "", ...compared, "", ""]),
  ];
}

/** Nothing where the peer has needed nothing. */
function formatRatio(ratio: number): string {
  return Number.isFinite(ratio) ? ratio.toFixed(2) : "";
}

function formatWanted(wanted: readonly Wanted[]): string {
  return wanted.map((one) => {
    const limit = "atLeast" in one ? `≥ ${one.atLeast}` : `≤ ${one.atMost}`;
    return one.kind === "ratio" ? `${limit} × ${one.peer ?? "peer"}` : limit;
  }).join(", ");
}

function formatNumber(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
