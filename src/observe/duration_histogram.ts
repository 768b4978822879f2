import { formatLabels, type Labels } from "./metric_registry.ts";

/** The upper bounds of the buckets in seconds; the last is infinite. */
const bounds = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300, 1800, Infinity];

/** A series of a histogram: the durations with one combination of labels. */
export class Durations {
  readonly #counts = new Float64Array(bounds.length);
  #sum = 0;

  observe(seconds: number): void {
    let bucket = 0;
    while (seconds > bounds[bucket]!) bucket++;
    this.#counts[bucket]!++;
    this.#sum += seconds;
  }

  /** Formats the series as Prometheus text; `labels` stand between the braces. */
  lines(name: string, labels: string): string[] {
    let count = 0;
    const buckets = bounds.map((bound, index) => {
      count += this.#counts[index]!;
      return `${name}_bucket{${labels},le="${bound === Infinity ? "+Inf" : bound}"} ${count}`;
    });
    return [...buckets, `${name}_sum{${labels}} ${this.#sum}`, `${name}_count{${labels}} ${count}`];
  }
}

/**
 * A Prometheus histogram by labels that costs an observer next to nothing: the text of its labels is made once.
 */
export class DurationHistogram {
  readonly #name: string;
  readonly #help: string;
  readonly #series = new Map<string, Durations>();

  constructor(name: string, help: string) {
    this.#name = name;
    this.#help = help;
  }

  /** Returns the series of these labels, for the observer to keep. */
  labels(labels: Labels): Durations {
    const key = formatLabels(labels);
    const known = this.#series.get(key) ?? new Durations();
    this.#series.set(key, known);
    return known;
  }

  /** Formats all series as Prometheus text. */
  exposition(): string {
    const lines = [...this.#series].flatMap(([labels, durations]) => durations.lines(this.#name, labels));
    return [`# HELP ${this.#name} ${this.#help}`, `# TYPE ${this.#name} histogram`, ...lines, ""].join("\n");
  }
}
