import { type Content, type Html, html } from "./html.ts";

export interface Column {
  readonly title: string;
  /** `name` is what the row is about; numbers and times stay on one line. Text when absent. */
  readonly kind?: "name" | "number" | "time";
  /** True where the cells say by themselves what they are: then they have no title on a narrow screen. */
  readonly isPlain?: boolean;
}

export interface TableOptions {
  /** What the table is of, for who does not see it. */
  readonly label: string;
  readonly columns: readonly Column[];
  /** True for a long table, which scrolls within its own height. */
  readonly isLong?: boolean;
  /** Rows of cells, in the order of the columns. */
  readonly rows: readonly (readonly Content[])[];
}

/**
 * A table that scrolls by itself where it is too wide, also by the keyboard. On a narrow screen its cells are one below
 * the other; the roles tell browsers that it is a table then, too.
 */
export function table({ label, columns, rows, isLong = false }: TableOptions): Html {
  return html`
    <div class="wide${isLong && " long"}" tabindex="0" role="region" aria-label="${label}">
      <table role="table">
        <thead role="rowgroup">
          <tr role="row">${columns.map(({ title }) => html`<th scope="col" role="columnheader">${title}</th>`)}</tr>
        </thead>
        <tbody role="rowgroup">${rows.map((cells) =>
          html`<tr role="row">${columns.map((column, at) => cellOf(column, cells[at] ?? null))}</tr>`
        )}</tbody>
      </table>
    </div>
  `;
}

function cellOf({ title, kind, isPlain = false }: Column, content: Content): Html {
  if (kind === "name") return html`<th scope="row" role="rowheader">${content}</th>`;
  const said = isPlain ? null : html`
    data-label="${title}"
  `;
  return html`
    <td role="cell" ${kind !== undefined && html`
      class="${kind}"
    `}${said}>${content}</td>
  `;
}
