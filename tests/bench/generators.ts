import { fileURLToPath } from "node:url";

/** Requests per second that wrk gets with 32 connections on one thread. Throws when an answer was not 2xx. */
export async function measureRequestRate(
  url: string,
  seconds: number,
  headers: readonly string[] = [],
): Promise<number> {
  const sent = headers.flatMap((header) => ["-H", header]);
  const output = await textOf("wrk", ["-t1", "-c32", `-d${seconds}s`, "--timeout", "10s", ...sent, url]);
  if (/Non-2xx|Socket errors/.test(output)) throw new Error(`wrk saw errors at ${url}:\n${output}`);
  return Number(/Requests\/sec:\s+([\d.]+)/.exec(output)?.[1]);
}

/** One transfer as curl saw it; times from the moment it began to connect. */
export interface Timing {
  readonly status: number;
  readonly bytes: number;
  readonly firstByteMs: number;
  readonly totalMs: number;
}

/** Downloads, one after the other, and throws everything away. `url` may hold curl's `[1-100]`. */
export function timeDownloads(url: string, headers: readonly string[] = []): Promise<Timing[]> {
  return runCurl([...headers.flatMap((header) => ["-H", header]), url, "-o", "/dev/null"]);
}

export interface CrowdOptions {
  readonly clients: number;
  /** As curl wants it. */
  readonly limitRate?: string;
  readonly maxSeconds?: number;
}

/** As many downloads of one URL at the same time, each on a connection of its own. */
export function timeCrowd(url: string, options: CrowdOptions): Promise<Timing[]> {
  const rate = options.limitRate ? ["--limit-rate", options.limitRate] : [];
  const time = options.maxSeconds ? ["--max-time", String(options.maxSeconds)] : [];
  const urls = Array.from({ length: options.clients }, () => [url, "-o", "/dev/null"]).flat();
  return runCurl(["-Z", "--parallel-immediate", "--parallel-max", "300", ...rate, ...time, ...urls]);
}

/** All that one client of a registry asks for, one after the other. */
export interface Pull {
  readonly paths: readonly string[];
  readonly accept: string;
  /** Of all bodies together. */
  readonly sizeBytes: number;
}

const pullConnections = 8;

/** How many whole pulls wrk gets in so many seconds. Throws when a body was cut short or an answer was not 2xx. */
export async function measurePullRate(
  origin: string,
  { paths, accept, sizeBytes }: Pull,
  seconds: number,
): Promise<{ pulls: number; seconds: number }> {
  const script = fileURLToPath(new URL("pull.lua", import.meta.url));
  const load = ["-t1", `-c${pullConnections}`, `-d${seconds}s`, "--timeout", "10s", "-s", script];
  const output = await textOf("wrk", [...load, origin, "--", `Accept: ${accept}`, ...paths]);
  const summary = JSON.parse(output.slice(output.lastIndexOf("\n{"))) as WrkSummary;
  const pulls = summary.requests / paths.length;
  // What is still under way in the end may be the biggest of a pull on every connection.
  if (summary.failed > 0 || summary.bytes < (pulls - pullConnections - 1) * sizeBytes) {
    throw new Error(`wrk saw errors at ${origin}:\n${output}`);
  }
  return { pulls, seconds: summary.seconds };
}

/** What pull.lua prints. */
interface WrkSummary {
  readonly requests: number;
  readonly bytes: number;
  readonly seconds: number;
  readonly failed: number;
}

/** Seconds until so many clients that begin together, each a process with one connection, have pulled everything. */
export async function timePulls(origin: string, { paths, accept, sizeBytes }: Pull, clients: number): Promise<number> {
  const urls = paths.flatMap((path) => [origin + path, "-o", "/dev/null"]);
  const begin = performance.now();
  const all = await Promise.all(Array.from({ length: clients }, () => runCurl(["-H", `Accept: ${accept}`, ...urls])));
  const seconds = (performance.now() - begin) / 1000;
  for (const timings of all) {
    const bytes = timings.reduce((sum, timing) => sum + timing.bytes, 0);
    if (bytes !== sizeBytes) throw new Error(`A client of ${origin} got ${bytes} of ${sizeBytes} bytes`);
  }
  return seconds;
}

async function runCurl(args: string[]): Promise<Timing[]> {
  const format = "%{http_code} %{size_download} %{time_starttransfer} %{time_total}\\n";
  const output = await textOf("curl", ["-s", "--no-progress-meter", "--noproxy", "*", "-w", format, ...args]);
  return output.trim().split("\n").map((line) => {
    const [status = 0, bytes = 0, firstByte = 0, total = 0] = line.split(" ").map(Number);
    if (status !== 200) throw new Error(`curl was answered with ${status}: ${args.join(" ").slice(0, 300)}`);
    return { status, bytes, firstByteMs: firstByte * 1000, totalMs: total * 1000 };
  });
}

async function textOf(command: string, args: string[]): Promise<string> {
  const { stdout } = await new Deno.Command(command, { args, stdin: "null", stderr: "inherit" }).output();
  return new TextDecoder().decode(stdout);
}
