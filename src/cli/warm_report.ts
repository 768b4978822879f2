import type { Log } from "../observe/log.ts";
import { shownBytes } from "../observe/shown_bytes.ts";
import { shownLine } from "../observe/shown_text.ts";
import { type ListedLine, placed } from "../warm/list.ts";
import type { Outcome } from "../warm/outcome.ts";
import type { WarmEvents } from "../warm/runner.ts";
import { type Amount, Tally } from "../warm/tally.ts";
import type { VaultClient, WarmRequest } from "../warming.ts";
import type { Io } from "./io.ts";
import type { Progress } from "./progress.ts";

export interface WarmReportOptions {
  readonly io: Io;
  /** True for JSON on stdout. */
  readonly json: boolean;
  readonly dryRun: boolean;
}

const redrawEveryMs = 500;
/** So many failures are named in the end. */
const mostNamed = 20;

const words: Readonly<Record<Outcome["kind"], string>> = {
  new: "new",
  cached: "cached",
  planned: "to fetch",
  failed: "failed",
};

/** Shows a run of `warm`: a line that is redrawn on a terminal, one line for each thing elsewhere, and a summary. */
export class WarmReport implements WarmEvents {
  readonly #progress: Progress;
  readonly #options: WarmReportOptions;
  readonly #tally = new Tally();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #notes = new Set<string>();
  #doing: string | null = null;
  #found = 0;
  #ended = 0;
  #receivedBytes = 0;
  #expectedBytes = 0;
  #arrivingBytes = () => 0;

  constructor(progress: Progress, options: WarmReportOptions) {
    this.#progress = progress;
    this.#options = options;
    this.#timer = setInterval(() => this.#show(), redrawEveryMs);
  }

  /** Shows the bytes of bodies on their way as well, which are not reported yet. */
  watch({ arrivingBytes = () => 0 }: VaultClient): void {
    this.#arrivingBytes = arrivingBytes;
  }

  found({ sizeBytes = 0 }: WarmRequest): void {
    this.#found++;
    this.#expectedBytes += sizeBytes;
  }

  received(bytes: number): void {
    this.#receivedBytes += bytes;
    this.#show();
  }

  ended(request: WarmRequest, outcome: Outcome, at: string | null): void {
    this.#ended++;
    this.#tally.ended(request, outcome, at);
    const { path, label = path, sizeBytes = 0 } = request;
    this.#expectedBytes += outcome.kind === "new" ? outcome.sizeBytes - sizeBytes : -sizeBytes;
    if (this.#options.json) {
      this.#json({ kind: outcome.kind, name: label, path, ...placeOf(at), ...detailsOf(outcome) });
    } else if (outcome.kind === "failed") {
      this.#progress.line(shownLine(`failed    ${placed(label, at)}: ${outcome.reason}`));
    } else if (!this.#progress.isShown) this.#options.io.stdout(`${shownLine(lineOf(label, outcome))}\n`);
    this.#show();
  }

  lineFailed({ text, at }: ListedLine, reason: string): void {
    this.#tally.failed({ what: placed(shortened(text), at), reason });
    if (this.#options.json) this.#json({ kind: "failed", name: text, ...placeOf(at), reason });
    else this.#progress.line(shownLine(`failed    ${placed(shortened(text), at)}: ${reason}`));
  }

  doing(what: string | null): void {
    this.#doing = what;
    this.#show();
  }

  /** Writes each note once. */
  note(message: string): void {
    if (this.#notes.has(message)) return;
    this.#notes.add(message);
    this.#progress.line(shownLine(`note      ${message}`));
  }

  /** Writes the summary. Returns the exit code: 1 where something failed, or the run was stopped. */
  end(how: "done" | "stopped"): number {
    this.close();
    const kinds: readonly Outcome["kind"][] = ["new", "planned", "cached", "failed"];
    const amounts = kinds.map((kind) => ({ kind, amount: this.#tally.amount(kind) }));
    if (this.#options.json) {
      const counts = amounts.map(({ kind, amount }) => [kind, amount]);
      this.#json({ kind: "summary", how, ...Object.fromEntries(counts) });
    } else this.#options.io.stdout(this.#summary(amounts));
    if (how === "stopped") {
      this.#options.io.stderr("Stopped. What came is kept; the same command goes on from there\n");
    }
    return how === "stopped" || this.#tally.hasFailed ? 1 : 0;
  }

  /** Takes the progress off the terminal. */
  close(): void {
    clearInterval(this.#timer);
    this.#progress.end();
  }

  #summary(amounts: readonly { kind: Outcome["kind"]; amount: Amount }[]): string {
    const always: readonly Outcome["kind"][] = this.#options.dryRun ? ["planned", "cached"] : ["new", "cached"];
    const shown = amounts.filter(({ kind, amount }) => always.includes(kind) || amount.count > 0);
    const lines = [shown.map(({ kind, amount }) => shownAmount(words[kind], amount)).join(", ")];
    const { failures } = this.#tally;
    if (this.#progress.isShown && failures.length > 0) {
      lines.push(...failures.slice(0, mostNamed).map(({ what, reason }) => shownLine(`  failed: ${what}: ${reason}`)));
      if (failures.length > mostNamed) lines.push(`  … and ${this.#tally.amount("failed").count - mostNamed} more`);
    }
    return `${lines.join("\n")}\n`;
  }

  #json(value: unknown): void {
    this.#options.io.stdout(`${JSON.stringify(value)}\n`);
  }

  #show(): void {
    this.#progress.show({
      unit: ["item", "items"],
      doing: this.#doing,
      done: this.#ended,
      total: this.#found,
      bytes: this.#receivedBytes + this.#arrivingBytes(),
      totalBytes: this.#expectedBytes > 0 ? this.#expectedBytes : null,
    });
  }
}

function lineOf(label: string, outcome: Exclude<Outcome, { kind: "failed" }>): string {
  const size = outcome.sizeBytes === undefined ? "" : shownBytes(outcome.sizeBytes);
  return `${words[outcome.kind].padEnd(8)}  ${size.padStart(10)}  ${label}`;
}

function detailsOf(outcome: Outcome): object {
  if (outcome.kind === "failed") return { reason: outcome.reason };
  return outcome.sizeBytes === undefined ? {} : { bytes: outcome.sizeBytes };
}

/** Absent for a word of the command line. */
function placeOf(at: string | null): { readonly at?: string } {
  return at === null ? {} : { at };
}

function shownAmount(word: string, { count, bytes }: Amount): string {
  return bytes === 0 ? `${count} ${word}` : `${count} ${word} (${shownBytes(bytes)})`;
}

/** A line made of a file may name a thousand packages. */
function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

/** A log for the vault's own warnings; those about single requests and transfers are reported as failures anyway. */
export function warningsTo(write: (line: string) => void): Log {
  const warn: Log["warning"] = (message, fields) => {
    if (fields?.requestId === undefined && fields?.key === undefined) write(message);
  };
  return { debugs: false, debug() {}, info() {}, warning: warn, error: warn };
}
