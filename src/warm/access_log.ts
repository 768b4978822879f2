import { createHash } from "node:crypto";
import { isJsonObject, parseJsonObject } from "../http/json.ts";
import { DigestSet } from "../store/digest_set.ts";
import { NumberColumn } from "../store/number_column.ts";

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
 * Finds what clients asked for, and got, since a time in ms since the epoch: paths, each where it was asked for last.
 * The lines of logs are read twice: first by `note` and then by `lastHere`; those of a log that can be read once only, by
 * `once`. Lines that are no lines of requests are skipped.
 */
export class AskedPaths {
  readonly #since: number;
  /** Digests of paths: logs name far more of them than fit into memory. */
  readonly #paths = new DigestSet({ isBrief: true });
  /** By path: the number of the last line that has it. */
  readonly #lastLine = new NumberColumn();
  #noted = 0;
  #requests = 0;
  #hidden = 0;

  constructor(since: number) {
    this.#since = since;
  }

  /** The number of lines that were noted. */
  get noted(): number {
    return this.#noted;
  }

  /** The number of lines that are lines of requests, whoever made them and whatever they were answered. */
  get requests(): number {
    return this.#requests;
  }

  /** The number of requests whose URL had a secret in it, which the log does not have. */
  get hidden(): number {
    return this.#hidden;
  }

  /** Takes a line of either form of the log. */
  note(line: string): void {
    this.#noted++;
    const path = this.once(line);
    if (path === null) return;
    const digest = digestOf(path);
    this.#paths.add(digest);
    this.#lastLine.set(this.#paths.indexOf(digest), this.#noted);
  }

  /** Takes the line once more that was noted as the one of this number. Null unless its path is in no later one. */
  lastHere(line: string, number: number): string | null {
    const path = this.#wantedIn(parseRequest(line));
    if (path === null) return null;
    const index = this.#paths.indexOf(digestOf(path));
    return index >= 0 && this.#lastLine.get(index) === number ? path : null;
  }

  /** Takes a line of a log that cannot be read again. Returns its path; null for nothing. */
  once(line: string): string | null {
    const logged = parseRequest(line);
    if (logged !== null) this.#requests++;
    const path = this.#wantedIn(logged);
    if (!path?.includes("***")) return path;
    this.#hidden++;
    return null;
  }

  #wantedIn(logged: Logged | null): string | null {
    return logged !== null && isWanted(logged, this.#since) ? logged.path : null;
  }
}

function digestOf(path: string): string {
  return createHash("sha256").update(path).digest("hex");
}

function isWanted({ at, method, status, backend, client, path }: Logged, since: number): boolean {
  const isAnswered = status >= 200 && status < 300 || status === 304;
  return at >= since && method === "GET" && isAnswered && backend !== "none" && client !== ownClient &&
    path.startsWith("/");
}

function parseRequest(line: string): Logged | null {
  return line.startsWith("{") ? parseJson(line) : parseText(line);
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
