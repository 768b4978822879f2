import type { Line, Look, Span } from "./styled.ts";
import { cutTo, showable, textWidth } from "./text_width.ts";

/** A column of a grid. */
export interface GridColumn<Item> {
  readonly title: string;
  /** In columns of the terminal, or its part of the room that the others leave. */
  readonly width: number | { readonly share: number };
  /** Left when absent. */
  readonly side?: "right";
  /** The columns of the terminal from which on it is shown; always when absent. */
  readonly from?: number;
  /** The columns from which on it is left out; never when absent. */
  readonly below?: number;
  /** Whether a text that is too long loses its middle, as names do. Its end when absent. */
  readonly cut?: "middle";
  cell(item: Item, look: Look): Span;
}

const gap = 2;
/** Columns grow in steps, so that they seldom move while items come and go. */
const stepColumns = 8;

interface Placed<Item> {
  readonly column: GridColumn<Item>;
  readonly width: number;
}

/** Lays items out in columns that fit into the width of the terminal, below a line of titles. */
export class Grid<Item> {
  readonly #placed: readonly Placed<Item>[];
  readonly #look: Look;

  constructor(columns: readonly GridColumn<Item>[], items: readonly Item[], look: Look) {
    this.#look = look;
    const shown = columns.filter(({ from = 0, below = Infinity }) => from <= look.columns && look.columns < below);
    const fixed = shown.reduce((sum, { width }) => sum + (typeof width === "number" ? width : 0), 0);
    const flexible = shown.flatMap((column) =>
      typeof column.width === "number" ? [] : {
        share: column.width.share,
        wanted: this.#wanted(column, items),
      }
    );
    const shares = shareColumns(Math.max(0, look.columns - fixed - gap * (shown.length - 1)), flexible);
    let at = 0;
    this.#placed = shown.map((column) => ({
      column,
      width: typeof column.width === "number" ? column.width : shares[at++]!,
    }));
  }

  titles(): Line {
    return this.#line(({ title }) => ({ text: title, style: "heading" }));
  }

  row(item: Item): Line {
    return this.#line((column) => column.cell(item, this.#look));
  }

  #wanted(column: GridColumn<Item>, items: readonly Item[]): number {
    const widths = items.map((item) => textWidth(showable(column.cell(item, this.#look).text, this.#look)));
    return Math.ceil(Math.max(column.title.length, ...widths) / stepColumns) * stepColumns;
  }

  #line(spanOf: (column: GridColumn<Item>) => Span): Line {
    return this.#placed.flatMap(({ column, width }, at) => {
      const { text, ...style } = spanOf(column);
      const cut = cutTo(showable(text, this.#look), width, { ...this.#look, side: column.cut ?? "end" });
      const padding = " ".repeat(width - textWidth(cut));
      const padded = column.side === "right" ? `${padding}${cut}` : `${cut}${padding}`;
      return [...at === 0 ? [] : [{ text: " ".repeat(gap) }], { text: padded, ...style }];
    });
  }
}

interface Flexible {
  readonly share: number;
  /** The columns that it can use. */
  readonly wanted: number;
}

/** Shares columns out; what one does not want, the others get. */
function shareColumns(room: number, all: readonly Flexible[]): readonly number[] {
  const widths = all.map(() => 0);
  let [left, open] = [room, all.map((_, at) => at)];
  while (open.length > 0) {
    const shares = open.reduce((sum, at) => sum + all[at]!.share, 0);
    const partOf = (at: number) => Math.floor(left * all[at]!.share / shares);
    const modest = open.filter((at) => all[at]!.wanted <= partOf(at));
    const placed = modest.length === 0 ? open : modest;
    const parts = placed.map((at) => modest.length === 0 ? partOf(at) : all[at]!.wanted);
    placed.forEach((at, index) => widths[at] = parts[index]!);
    left -= parts.reduce((sum, part) => sum + part, 0);
    open = open.filter((at) => !placed.includes(at));
  }
  return widths;
}
