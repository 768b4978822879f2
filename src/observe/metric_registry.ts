/** The content type of the text format (Prometheus exposition formats, version 0.0.4). */
export const expositionType = "text/plain; version=0.0.4; charset=utf-8";

/** Values by the names of labels. */
export type Labels = Readonly<Record<string, string>>;

export interface MetricOptions {
  readonly name: string;
  readonly help: string;
  /** Sets all values anew at each scrape, beginning with none; absent where they are counted as things happen. */
  readonly collect?: (metric: Metric) => void;
}

/** A counter or gauge, with a value for each combination of labels that was ever set or counted. */
export class Metric {
  readonly #type: "counter" | "gauge";
  readonly #options: MetricOptions;
  /** By the labels as they stand between the braces. */
  readonly #values = new Map<string, number>();

  constructor(type: "counter" | "gauge", options: MetricOptions) {
    this.#type = type;
    this.#options = options;
  }

  add(value: number, labels: Labels = {}): void {
    const key = formatLabels(labels);
    this.#values.set(key, (this.#values.get(key) ?? 0) + value);
  }

  set(value: number, labels: Labels = {}): void {
    this.#values.set(formatLabels(labels), value);
  }

  /** The value of these labels; 0 where there is none. */
  get(labels: Labels = {}): number {
    return this.#values.get(formatLabels(labels)) ?? 0;
  }

  /** The sum of the values of all labels. */
  total(): number {
    return this.#values.values().reduce((sum, value) => sum + value, 0);
  }

  /** Formats the metric as Prometheus text, with a line end behind each line. */
  exposition(): string {
    const { name, help, collect } = this.#options;
    if (collect !== undefined) {
      this.#values.clear();
      collect(this);
    }
    const samples = [...this.#values].map(([labels, value]) => `${name}${labels && `{${labels}}`} ${value}`);
    return [`# HELP ${name} ${help}`, `# TYPE ${name} ${this.#type}`, ...samples, ""].join("\n");
  }
}

/** The counters and gauges that are scraped together, in the order in which they were made. */
export class MetricRegistry {
  readonly #metrics: Metric[] = [];

  counter(options: MetricOptions): Metric {
    return this.#add(new Metric("counter", options));
  }

  gauge(options: MetricOptions): Metric {
    return this.#add(new Metric("gauge", options));
  }

  exposition(): string {
    return this.#metrics.map((metric) => metric.exposition()).join("\n");
  }

  #add(metric: Metric): Metric {
    this.#metrics.push(metric);
    return metric;
  }
}

/** Formats labels as they stand between the braces of a sample; empty for none. */
export function formatLabels(labels: Labels): string {
  return Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(",");
}

function escapeLabel(value: string): string {
  return value.replace(/[\\"]/g, "\\$&").replaceAll("\n", "\\n");
}
