import { shownBytes, shownRate } from "../../observe/shown_bytes.ts";
import { shownCount } from "../../observe/shown_count.ts";
import { shownLength } from "../../observe/shown_time.ts";
import { problemColumns, requestColumns, transferColumns, upstreamColumns } from "./columns.ts";
import type { News } from "./feed.ts";
import { Grid, type GridColumn } from "./grid.ts";
import type { Stats, Upstream } from "./snapshot.ts";
import type { Line, Look, Style } from "./styled.ts";
import { cutTo, showable, textWidth } from "./text_width.ts";

export interface FrameOptions extends Look {
  /** In ms since the epoch. */
  readonly now: number;
  /** What stands in the last line, such as the keys; nothing when absent. */
  readonly footer?: string;
}

/** Draws what is known of a server: no more lines than the terminal has, none of them wider than it. */
export function frameOf(news: News, options: FrameOptions): readonly Line[] {
  const { rows, footer } = options;
  const head = headOf(news, options);
  const foot: readonly Line[] = footer === undefined ? [] : [[{ text: fit(footer, options), style: "dim" }]];
  const sections = sectionsOf(news, options);
  const gaps = rows >= airyRows ? 1 : 0;
  const room = rows - head.length - foot.length - gaps * sections.length;
  const heights = shareRows(Math.max(0, room), sections.map(({ rows }) => rows.length + 1));
  const body = sections.flatMap((section, at) => {
    const height = heights[at]!;
    return height === 0
      ? []
      : [...gaps > 0 ? [[]] : [], ...section.titled(height), ...section.rows.slice(0, height - 1)];
  });
  const lines = [...head, ...body].slice(0, Math.max(0, rows - foot.length));
  const filling = rows === Infinity ? [] : Array<Line>(Math.max(0, rows - lines.length - foot.length)).fill([]);
  return foot.length === 0 ? lines : [...lines, ...filling, ...foot];
}

/** From so many rows on there is an empty one before each section. */
const airyRows = 30;

function fit(text: string, look: FrameOptions, side: "end" | "middle" = "end"): string {
  return cutTo(showable(text, look), look.columns, { ...look, side });
}

function headOf({ url, snapshot, pace, lost }: News, look: FrameOptions): readonly Line[] {
  const { stats } = snapshot;
  return [
    ends([`Artifact Vault ${stats.version}`, url], `up ${shownLength(look.now - stats.startedAt)}`, look),
    lost === null ? [{ text: fit(stats.sentence, look), ...moodOf(stats) }] : [{
      text: fit(`Waiting for the server, last news ${shownLength(look.now - lost.since)} ago: ${lost.why}`, look),
      style: "bad",
    }],
    facts([
      `${stats.requestsPerSecond.toFixed(1)} requests/s`,
      `${stats.requestsUnderWay} under way`,
      ...stats.hitRate === null ? [] : [`hit rate ${percent(stats.hitRate)}`],
      ...pace.hitRate === null ? [] : [`last minute ${percent(pace.hitRate)}`],
      ...stats.total.errors === 0 ? [] : [shownCount(stats.total.errors, "error")],
    ], look),
    facts([
      ...pace.sentBytesPerSecond === null ? [] : [`sending ${shownRate(pace.sentBytesPerSecond)}`],
      ...pace.fetchedBytesPerSecond === null ? [] : [`fetching ${shownRate(pace.fetchedBytesPerSecond)}`],
      ...diskFacts(stats),
    ], look),
  ];
}

const moods: Readonly<Partial<Record<string, Style>>> = { well: "good", troubled: "warn", failing: "bad" };

function moodOf({ wellbeing }: Stats): { style?: Style } {
  const style = moods[wellbeing];
  return style === undefined ? {} : { style };
}

function diskFacts({ disk: { cacheBytes, maxBytes, freeBytes } }: Stats): readonly string[] {
  const limit = maxBytes === null ? "" : ` of ${shownBytes(maxBytes)}`;
  return [`cache ${shownBytes(cacheBytes)}${limit}`, ...freeBytes === null ? [] : [`${shownBytes(freeBytes)} free`]];
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** Texts beside each other, as many whole ones as there is room for. */
function facts(texts: readonly string[], look: FrameOptions): Line {
  let line = "";
  for (const text of texts) {
    const longer = line === "" ? text : `${line}  ${text}`;
    if (line !== "" && textWidth(longer) > look.columns) break;
    line = longer;
  }
  return [{ text: fit(line, look) }];
}

/** Texts at the left end and one at the right end, which is left out where there is no room for it. */
function ends([first, second]: readonly [string, string], right: string, look: FrameOptions): Line {
  const { columns } = look;
  const name = showable(first, look);
  const place = cutTo(showable(second, look), Math.max(0, columns - textWidth(name) - 2), { ...look, side: "middle" });
  const left = `${name}  ${place}`;
  const space = columns - textWidth(left) - right.length;
  if (space < 2) return [{ text: cutTo(left, columns, { ...look, side: "end" }), style: "heading" }];
  return [{ text: left, style: "heading" }, { text: " ".repeat(space) + right, style: "dim" }];
}

interface Section {
  readonly rows: readonly Line[];
  /** The line of titles, where the section gets so many lines with it. */
  titled(height: number): readonly Line[];
}

function sectionsOf({ snapshot }: News, look: FrameOptions): readonly Section[] {
  const { now } = look;
  const { upstreams, transfers, problems, requests } = snapshot;
  return [
    section("UPSTREAMS", worstFirst(askedOf(upstreams)), {
      ...{ look, total: upstreams.length },
      columns: (title) => upstreamColumns(title, now),
    }),
    section("TRANSFERS", transfers, { look, columns: transferColumns, total: transfers.length }),
    section("PROBLEMS", problems, {
      ...{ look, total: problems.length },
      columns: (title) => problemColumns(title, now),
    }),
    section("REQUESTS", requests, { look, columns: (title) => requestColumns(title, now) }),
  ];
}

/** Those that nobody has asked yet are counted alone, unless there are no others. */
function askedOf(upstreams: readonly Upstream[]): readonly Upstream[] {
  const asked = upstreams.filter(({ state }) => state !== "unknown");
  return asked.length === 0 ? upstreams : asked;
}

const severity: readonly string[] = ["down", "failing", "slow", "answers", "unknown"];

function worstFirst(upstreams: readonly Upstream[]): readonly Upstream[] {
  const rank = ({ state, login }: Upstream) => {
    const at = severity.indexOf(login === "refused" && state !== "down" ? "failing" : state);
    return at < 0 ? severity.length : at;
  };
  return [...upstreams].sort((a, b) => rank(a) - rank(b));
}

interface SectionOptions<Item> {
  readonly look: Look;
  columns(title: string): readonly GridColumn<Item>[];
  /** How many items there are, to stand in the title; nothing stands there when absent. */
  readonly total?: number;
}

function section<Item>(
  title: string,
  items: readonly Item[],
  { look, columns, total }: SectionOptions<Item>,
): Section {
  if (items.length === 0) return { rows: [], titled: () => [[{ text: `${title}: none`, style: "dim" }]] };
  const grid = new Grid(columns(title), items, look);
  return {
    rows: items.map((item) => grid.row(item)),
    titled(height) {
      const shown = Math.min(height - 1, items.length);
      const count = total === undefined ? "" : shown < total ? ` ${shown} of ${total}` : ` ${total}`;
      return [new Grid(columns(`${title}${count}`), items, look).titles()];
    },
  };
}

/** Shares rows out, one by one to each in turn, until none is left or all have what they want. */
export function shareRows(rows: number, wanted: readonly number[]): readonly number[] {
  const given = wanted.map(() => 0);
  if (rows === Infinity) return wanted;
  for (let left = rows; left > 0;) {
    const needy = wanted.flatMap((want, at) => given[at]! < want ? [at] : []);
    if (needy.length === 0) break;
    for (const at of needy.slice(0, left)) given[at]! += 1;
    left -= Math.min(left, needy.length);
  }
  return given;
}
