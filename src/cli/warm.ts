import { createApp } from "../app.ts";
import { loadConfig } from "../config/load.ts";
import { type Config, mostJobs } from "../config/schema.ts";
import { warmSourcesOf } from "../configuration.ts";
import { VaultError } from "../errors.ts";
import { readPem } from "../key_files/pem_files.ts";
import { createClientInProcess } from "../warm/client_in_process.ts";
import { openClientOverHttp } from "../warm/client_over_http.ts";
import { readList } from "../warm/list.ts";
import { openListFile } from "../warm/list_text.ts";
import { inTurn, type ListedLines, warm as run } from "../warm/runner.ts";
import { checkSettings } from "../warm/settings.ts";
import type { VaultClient, WarmSettings, WarmSource } from "../warming.ts";
import { ownerWarning, prepareCacheDir } from "./cache_dir.ts";
import type { Action, Given } from "./command.ts";
import { directoryOptions, loadOptionsOf } from "./config_options.ts";
import { checkInputFiles, throwTogether } from "./input_files.ts";
import { openFilesLimit } from "./open_files_limit.ts";
import { countOf, textOf } from "./option_values.ts";
import { Progress } from "./progress.ts";
import { readLogs } from "./read_logs.ts";
import { stopSignal } from "./stop_signal.ts";
import { version } from "./version.ts";
import { WarmReport, warningsTo } from "./warm_report.ts";

const usualJobs = 4;

/** Fills the cache ahead. */
export const warm: Action = {
  name: "warm",
  summary: "Fill the cache ahead, by lists, lock files, manifests, SBOMs and logs",
  examples: [
    "artifact-vault warm images.txt",
    'artifact-vault warm "docker:alpine:3.20 platforms=linux/amd64,linux/arm64" --referrers',
    "artifact-vault warm requirements.txt uv.lock --python 3.12 --platform manylinux_2_28_x86_64",
    'artifact-vault warm "apt:debian/bookworm/main curl nginx"',
    "artifact-vault warm deployment.yaml sbom.cdx.json --dry-run",
    "artifact-vault warm --from-log /var/log/artifact-vault.log --days 7 --url http://vault:8080",
  ],
  operands: {
    usage: "LIST...",
    help: "Files, each a list or of a form that is recognised (- for stdin), or lines of a list themselves",
    least: 0,
    most: Infinity,
  },
  options: {
    ...directoryOptions,
    url: { value: "URL", help: "Ask a running vault, of which this is the configuration, instead of this process" },
    jobs: { value: "NUMBER", help: `How much is fetched at once, up to ${mostJobs}; ${usualJobs} otherwise` },
    "dry-run": { help: "Only say what would be fetched, and how large it is; documents are read even so" },
    json: { help: "One JSON object a line for each thing, and one for the whole" },
    platform: {
      value: "PLATFORM",
      repeats: true,
      help: "Images of linux/arm64, wheels of manylinux_2_28_x86_64; all without it",
    },
    python: { value: "VERSION", help: "Wheels for this version of Python, such as 3.12; for all without it" },
    referrers: { help: "Signatures, SBOMs and whatever else refers to an image, too" },
    recommends: { help: "What Debian packages recommend, too" },
    suite: {
      value: "PLACE",
      repeats: true,
      help: "Where Debian packages are that name no place: BACKEND/SUITE/COMPONENT",
    },
    "from-log": {
      value: "FILE",
      repeats: true,
      help: "What clients asked for, by a log of the vault",
    },
    days: { value: "NUMBER", help: "Only the last days of the log" },
  },
  async run(given, io) {
    const { values, operands } = given;
    const config = await loadConfig(loadOptionsOf(values, io));
    if (operands.length === 0 && given.lists["from-log"] === undefined) {
      throw new VaultError(
        "config_invalid",
        "Nothing to warm: name a list, or --from-log FILE. See artifact-vault warm --help",
      );
    }
    if (values.days !== undefined && given.lists["from-log"] === undefined) {
      throw new VaultError("config_invalid", "--days chooses lines of a log: name one with --from-log FILE");
    }
    const sources = warmSourcesOf(config);
    const settings = settingsOf(given);
    checkSettings(settings, sources);
    const jobs = countOf(values, "jobs", mostJobs) ?? usualJobs;
    const report = new WarmReport(new Progress(io), {
      io,
      json: values.json === true,
      dryRun: values["dry-run"] === true,
    });
    const lines = await linesOf(given, { sources, settings, note: (message) => report.note(message) });
    const stop = stopSignal();
    const opened = await openClient(config, { given, report });
    try {
      const { client } = opened;
      const dryRun = values["dry-run"] === true;
      report.watch(client);
      await run(lines, { client, sources, settings, jobs, dryRun, events: report, signal: stop.signal });
      return report.end("done");
    } catch (error) {
      if (!stop.signal.aborted) throw error;
      return report.end("stopped");
    } finally {
      stop.close();
      report.close();
      await opened.close(stop.signal.aborted ? 0 : config.shutdown_timeout);
    }
  },
};

function settingsOf({ values, lists }: Given): WarmSettings {
  return {
    python: textOf(values, "python"),
    platforms: lists.platform ?? [],
    referrers: values.referrers === true,
    recommends: values.recommends === true,
    suites: lists.suite ?? [],
  };
}

interface Reading {
  readonly sources: readonly WarmSource[];
  readonly settings: WarmSettings;
  readonly note: (message: string) => void;
}

/** Lists come before logs. */
async function linesOf({ operands, values, lists }: Given, reading: Reading): Promise<ListedLines> {
  const all: ListedLines[] = [];
  for (const named of operands) {
    const path = named === "-" ? "stdin" : named;
    const open = (path: string) =>
      named === "-" && path === "stdin" ? Promise.resolve(Deno.stdin.readable) : openListFile(path);
    all.push(await readList(path, { ...reading, open }));
  }
  const days = countOf(values, "days");
  const since = days === undefined ? 0 : Date.now() - days * 86_400_000;
  const logs = lists["from-log"];
  if (logs !== undefined) all.push(await readLogs(logs, { since, note: reading.note }));
  return inTurn(all);
}

interface OpenedClient {
  readonly client: VaultClient;
  close(timeoutMs: number): Promise<void>;
}

/** Opens the engine of this process on the cache directory, or a running vault. */
async function openClient(
  config: Config,
  { given: { values }, report }: { given: Given; report: WarmReport },
): Promise<OpenedClient> {
  const url = textOf(values, "url");
  if (url !== undefined) {
    const authorities = await Promise.all(
      (config.ca ?? []).map((path) => readPem(path, { key: "ca", marker: "CERTIFICATE" })),
    );
    const client = openClientOverHttp(url, { authorities });
    await client.check();
    return { client, close: () => Promise.resolve(client.close()) };
  }
  if (config.offline) {
    throw new VaultError(
      "config_invalid",
      "The vault is offline, so nothing can be fetched: leave out offline for this",
    );
  }
  await throwTogether([() => prepareCacheDir(config.cache_dir), () => checkInputFiles(config)]);
  const warning = ownerWarning(config.cache_dir);
  if (warning !== null) report.note(warning);
  const log = warningsTo((line) => report.note(line));
  const limit = openFilesLimit(config.cache_dir);
  const app = await createApp(config, { log, version, openFilesLimit: limit, asksOnce: true });
  return { client: createClientInProcess(app), close: (timeoutMs) => app.close(timeoutMs) };
}
