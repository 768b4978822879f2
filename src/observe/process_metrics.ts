import { MetricRegistry } from "./metric_registry.ts";

/** How late a timer is says how long the event loop was busy. */
const measureEveryMs = 1000;
/** The delay is the largest of so many measurements: of a minute. */
const keptMeasurements = 60;

/**
 * The state of the process: memory, open files, and for how long the event loop was busy. What the system does not let
 * the program read is absent.
 */
export class ProcessMetrics {
  readonly #registry = new MetricRegistry();
  readonly #delays = new Float64Array(keptMeasurements);
  readonly #timer: ReturnType<typeof setInterval>;
  #measured = 0;
  #dueAt = performance.now() + measureEveryMs;

  constructor() {
    this.#registry.gauge({
      name: "process_resident_memory_bytes",
      help: "Memory of the process, with what is outside of the heap.",
      collect: (metric) => metric.set(Deno.memoryUsage().rss),
    });
    this.#registry.gauge({
      name: "process_open_fds",
      help: "Open files and connections; absent where the system does not tell.",
      collect(metric) {
        const count = openDescriptors();
        if (count !== null) metric.set(count);
      },
    });
    this.#registry.gauge({
      name: "vault_event_loop_delay_seconds",
      help: "The longest time in the last minute for which the program was busy with one thing.",
      collect: (metric) => metric.set(this.longestDelayMs / 1000),
    });
    this.#timer = setInterval(() => this.#measure(), measureEveryMs);
    Deno.unrefTimer(Number(this.#timer));
  }

  /** The longest delay of the last minute. */
  get longestDelayMs(): number {
    return Math.max(...this.#delays);
  }

  exposition(): string {
    return this.#registry.exposition();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #measure(): void {
    const now = performance.now();
    this.#delays[this.#measured++ % keptMeasurements] = Math.max(0, now - this.#dueAt);
    this.#dueAt = now + measureEveryMs;
  }
}

/** Deno lets only programs with all permissions read this folder. */
function openDescriptors(): number | null {
  try {
    // The folder itself is open meanwhile.
    return [...Deno.readDirSync("/proc/self/fd")].length - 1;
  } catch {
    return null;
  }
}
