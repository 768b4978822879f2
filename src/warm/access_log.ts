import { isJsonObject, parseJsonObject } from "../http/json.ts";

/** One request of a client, as the vault's access log has it. */
interface Logged {
  /** In ms since the epoch. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly backend: string;
  readonly status: number;
  readonly client: string;
}

/**
 * Matches a line of the log's text form: time, level, cache status, backend, path, status, bytes, time taken, method,
 * client.
 */
const textLine =
  /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),(\d{3}) - \S+ - [A-Z]+ - (?:cache \S+|request) (\S+) (\S+) (\d{3}) \d+ bytes \d+ ms (\S+) client (\S+) /;

/** Requests of the program itself are no client's. */
const ownClient = "own";

/**
 * Collects what clients asked for, and got, since a time in ms since the epoch: paths, each once, those that were asked
 * for last at the end. Lines that are no lines of requests are skipped.
 */
export class AskedPaths {
  readonly #since: number;
  readonly #paths = new Set<string>();
  #hidden = 0;

  constructor(since: number) {
    this.#since = since;
  }

  get paths(): IteratorObject<string> {
    return this.#paths.values();
  }

  /** The number of requests whose URL had a secret in it, which the log does not have. */
  get hidden(): number {
    return this.#hidden;
  }

  /** Takes a line of either form of the log. */
  add(line: string): void {
    const logged = line.startsWith("{") ? parseJson(line) : parseText(line);
    if (logged === null || !isWanted(logged, this.#since)) return;
    if (logged.path.includes("***")) {
      this.#hidden++;
      return;
    }
    this.#paths.delete(logged.path);
    this.#paths.add(logged.path);
  }
}

function isWanted({ at, method, status, backend, client, path }: Logged, since: number): boolean {
  const isAnswered = status >= 200 && status < 300 || status === 304;
  return at >= since && method === "GET" && isAnswered && backend !== "none" && client !== ownClient &&
    path.startsWith("/");
}

function parseText(line: string): Logged | null {
  const [, time = "", ms, backend = "", path = "", status, method = "", client = ""] = textLine.exec(line) ?? [];
  if (status === undefined) return null;
  return { at: Date.parse(`${time.replace(" ", "T")}.${ms}`), method, path, backend, status: Number(status), client };
}

function parseJson(line: string): Logged | null {
  const fields = parseJsonObject(line);
  if (!isJsonObject(fields)) return null;
  const { timestamp, method, path, backend, status, client } = fields;
  if (typeof method !== "string" || typeof path !== "string" || typeof status !== "number") return null;
  return { at: Date.parse(String(timestamp)), method, path, backend: String(backend), status, client: String(client) };
}
