/** What DESIGN 8 asks of a figure. */
export type Wanted =
  | { readonly kind: "ratio"; readonly atLeast: number }
  | { readonly kind: "ratio"; readonly atMost: number }
  | { readonly kind: "vault"; readonly atLeast: number }
  | { readonly kind: "vault"; readonly atMost: number };

/** One line of the table: the same thing measured on both sides, in the order of measuring. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly vault: readonly number[];
  /** Empty where nginx has nothing alike. */
  readonly nginx: readonly number[];
  readonly wanted?: readonly Wanted[];
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] ?? NaN : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2;
}

/** The vault's median over nginx's; NaN where there is no nginx figure. */
export function ratioOf(figure: Figure): number {
  return median(figure.vault) / median(figure.nginx);
}

export function isMet(figure: Figure, wanted: Wanted): boolean {
  const value = wanted.kind === "ratio" ? ratioOf(figure) : median(figure.vault);
  return "atLeast" in wanted ? value >= wanted.atLeast : value <= wanted.atMost;
}

/** The figures as a table for a terminal. */
export function formatTable(figures: readonly Figure[]): string {
  const head = ["case", "unit", "vault", "nginx", "ratio", "wanted", "met"];
  const rows = [head, ...figures.map(rowOf)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const isNumber = (column: number) => column >= 2 && column <= 4;
  const pad = (cell: string, column: number) =>
    isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}

function rowOf(figure: Figure): string[] {
  const wanted = figure.wanted ?? [];
  const nginx = figure.nginx.length > 0 ? formatNumber(median(figure.nginx)) : "";
  const ratio = figure.nginx.length > 0 ? ratioOf(figure).toFixed(2) : "";
  const met = wanted.length === 0 ? "" : wanted.every((one) => isMet(figure, one)) ? "yes" : "NO";
  return [figure.name, figure.unit, formatNumber(median(figure.vault)), nginx, ratio, formatWanted(wanted), met];
}

function formatWanted(wanted: readonly Wanted[]): string {
  return wanted.map((one) => {
    const limit = "atLeast" in one ? `≥ ${one.atLeast}` : `≤ ${one.atMost}`;
    return one.kind === "ratio" ? `${limit} × nginx` : limit;
  }).join(", ");
}

function formatNumber(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString("en");
  return value >= 100 ? value.toFixed(0) : value.toFixed(2);
}
