import type { RandomFile } from "./random_file.ts";

/** What curl got. `exitCode` is 0 only for a complete transfer: 18 is one that broke, 28 one that took too long. */
export interface CurlAnswer {
  readonly exitCode: number;
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
  readonly text: string;
}

/** Runs curl on a small answer and takes it apart. */
export async function curl(...args: string[]): Promise<CurlAnswer> {
  const { code, stdout } = await run("curl", ["-sS", "-i", "--noproxy", "*", ...args]);
  const { status, headers, body } = splitAnswer(stdout);
  return { exitCode: code, status, headers, body, text: new TextDecoder().decode(body) };
}

/** A download that was compared with the file it should be, while it came. */
export interface Download {
  readonly exitCode: number;
  readonly status: number;
  readonly bytes: number;
  readonly totalMs: number;
  /** Every byte is the file's, and none is missing. */
  readonly right: boolean;
}

export interface DownloadOptions {
  /** Half open. */
  readonly range?: { readonly start: number; readonly end: number };
  /** As curl wants it: `1M` is a mebibyte a second. */
  readonly limitRate?: string;
  readonly args?: readonly string[];
}

/** Downloads with a real curl and compares with the file on the way; nothing is kept. */
export async function download(url: string, file: RandomFile, options: DownloadOptions = {}): Promise<Download> {
  const { start, end } = options.range ?? { start: 0, end: file.sizeBytes };
  const range = options.range ? ["-r", `${start}-${end - 1}`] : [];
  const rate = options.limitRate ? ["--limit-rate", options.limitRate] : [];
  const format = "%{stderr}%{exitcode} %{http_code} %{size_download} %{time_total}";
  const script = 'from=$1 length=$2 path=$3; shift 3; curl "$@" | cmp -s -i "0:$from" -n "$length" - "$path"';
  const curlArgs = ["-s", "--noproxy", "*", "-w", format, ...range, ...rate, ...options.args ?? [], url];
  const { code, stderr } = await run("bash", [
    "-c",
    script,
    "bash",
    `${start}`,
    `${end - start}`,
    file.path,
    ...curlArgs,
  ]);
  const [exitCode = -1, status = 0, bytes = 0, seconds = 0] = new TextDecoder().decode(stderr).split(" ").map(Number);
  const right = code === 0 && bytes === end - start;
  return { exitCode, status, bytes, totalMs: seconds * 1000, right };
}

/** Starts a curl that throws away what it gets, for a test to kill. */
export function spawnCurl(...args: string[]): Deno.ChildProcess {
  return new Deno.Command("curl", {
    args: ["-sS", "-o", "/dev/null", "--noproxy", "*", ...args],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

/** Runs one command line of a shell; `output` is what it wrote to either stream. */
export async function runShell(
  command: string,
  options: Pick<Deno.CommandOptions, "cwd" | "env">,
): Promise<{ code: number; output: string }> {
  const { code, stdout } = await new Deno.Command("sh", {
    ...options,
    args: ["-c", `exec 2>&1; ${command}`],
    stdin: "null",
  }).output();
  return { code, output: new TextDecoder().decode(stdout) };
}

export async function sha256OfFile(path: string): Promise<string> {
  const { stdout } = await run("sha256sum", [path]);
  return new TextDecoder().decode(stdout).slice(0, 64);
}

function run(command: string, args: string[]): Promise<Deno.CommandOutput> {
  return new Deno.Command(command, { args, stdin: "null", stdout: "piped", stderr: "piped" }).output();
}

function splitAnswer(bytes: Uint8Array): { status: number; headers: Headers; body: Uint8Array } {
  const head = new TextDecoder("latin1").decode(bytes.subarray(0, 65_536));
  const end = head.indexOf("\r\n\r\n");
  if (end < 0) return { status: 0, headers: new Headers(), body: bytes };
  const [statusLine = "", ...lines] = head.slice(0, end).split("\r\n");
  const headers = new Headers();
  for (const line of lines) {
    const colon = line.indexOf(":");
    headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
  }
  return { status: Number(statusLine.split(" ")[1]), headers, body: bytes.subarray(end + 4) };
}
