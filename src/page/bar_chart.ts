import { type Html, html } from "./html.ts";

export interface Bar {
  /** What the bar says, such as `14:00: 120 hits, 3 misses`. */
  readonly title: string;
  /** The parts from below, by their classes in the style sheet. */
  readonly parts: readonly { readonly kind: string; readonly value: number }[];
}

export interface ChartOptions {
  /** What the chart shows, in a sentence, for who does not see it. */
  readonly label: string;
  readonly bars: readonly Bar[];
  /** What stands below its left and its right end. */
  readonly ends: readonly [from: string, to: string];
  /** Formats the largest value, which stands at the top. */
  readonly shown: (value: number) => string;
}

const height = 100;
const slot = 10;
const gap = 2;

/** A chart of stacked bars, as SVG. */
export function barChart({ label, bars, ends, shown }: ChartOptions): Html {
  const most = Math.max(0, ...bars.map(totalOf));
  const width = bars.length * slot;
  return html`
    <figure class="chart">
      <figcaption>${label}</figcaption>
      <div class="top small">${most === 0 ? "nothing yet" : shown(most)}</div>
      <svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="none" role="img"
        aria-label="${label}: ${shown(most)}">
        ${bars.map((bar, at) =>
          barOf(bar, at, most)
        )}<line class="axis" x1="0" y1="${height}" x2="${width}" y2="${height}"/></svg>
      <div class="ends small"><span>${ends[0]}</span><span>${ends[1]}</span></div>
    </figure>
  `;
}

function barOf(bar: Bar, at: number, most: number): Html {
  let below = 0;
  const rects = bar.parts.filter(({ value }) => value > 0).map(({ kind, value }) => {
    const tall = most === 0 ? 0 : value / most * height;
    below += tall;
    return html`
      <rect class="${kind}" x="${at * slot + gap / 2}" y="${(height - below).toFixed(2)}" width="${slot -
        gap}" height="${tall.toFixed(2)}" />
    `;
  });
  return html`<g><title>${bar.title}</title><rect class="ground" x="${
    at * slot
  }" y="0" width="${slot}" height="${height}"/>${rects}</g>`;
}

function totalOf({ parts }: Bar): number {
  return parts.reduce((sum, { value }) => sum + value, 0);
}
