import { shownLine } from "../observe/shown_text.ts";
import type { Io } from "./io.ts";

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** Numbers stand at the right. Left when absent. */
  readonly side?: "right";
  /** The least width, for tables whose rows are not known beforehand. */
  readonly width?: number;
}

/** The same value for people and for programs. */
export interface Cell {
  readonly shown: string;
  /** Several values are several fields. */
  readonly plain: string | number | readonly (string | number)[];
}

/** A cell that reads the same for all. */
export function cell(value: string | number): Cell {
  return { shown: String(value), plain: value };
}

/**
 * Writes rows while they come: aligned below titles on a terminal; elsewhere plain values with tabs between them, for
 * programs.
 */
export class TableWriter {
  readonly #columns: readonly Column[];
  readonly #io: Io;
  readonly #isAligned: boolean;
  #hasBegun = false;

  constructor(columns: readonly Column[], io: Io) {
    this.#columns = columns;
    this.#io = io;
    this.#isAligned = io.stdoutIsTerminal ?? false;
  }

  row(cells: readonly Cell[]): void {
    if (!this.#isAligned) {
      const fields = cells.flatMap(({ plain }) => plain).map((plain) => shownLine(String(plain)));
      return this.#io.stdout(`${fields.join("\t")}\n`);
    }
    if (!this.#hasBegun) this.#line(this.#columns.map(({ title }) => title));
    this.#hasBegun = true;
    this.#line(cells.map(({ shown }) => shownLine(shown)));
  }

  #line(texts: readonly string[]): void {
    const padded = texts.map((text, at) => {
      const { side, width = 0 } = this.#columns[at]!;
      if (side === "right") return text.padStart(width);
      return at === texts.length - 1 ? text : text.padEnd(width);
    });
    this.#io.stdout(`${padded.join("  ")}\n`);
  }
}

/** Writes all rows of a table. */
export function writeTable(columns: readonly Column[], rows: readonly (readonly Cell[])[], io: Io): void {
  const width = (at: number) =>
    Math.max(columns[at]!.title.length, ...rows.map((cells) => shownLine(cells[at]!.shown).length));
  const writer = new TableWriter(columns.map((column, at) => ({ ...column, width: width(at) })), io);
  for (const cells of rows) writer.row(cells);
}
