import { type Content, type Html, html } from "./html.ts";

export interface TableOptions {
  /** What the table is of, for who does not see it. */
  readonly label: string;
  readonly columns: readonly Content[];
  /** Rows of cells, as `html` elements `tr`. */
  readonly rows: readonly Html[];
}

/** A table that scrolls by itself where the screen is narrow, also by the keyboard. */
export function table({ label, columns, rows }: TableOptions): Html {
  return html`
    <div class="wide" tabindex="0" role="region" aria-label="${label}">
      <table>
        <thead>
          <tr>${columns.map((column) => html`<th scope="col">${column}</th>`)}</tr>
        </thead>
        <tbody>${rows}</tbody>
      </table>
    </div>
  `;
}
