import { loadConfig } from "../../config/load.ts";
import { VaultError } from "../../errors.ts";
import { systemClock } from "../../upstream/clock.ts";
import type { Action, OptionValues } from "../command.ts";
import { directoryOptions, loadOptionsOf } from "../config_options.ts";
import { findServer, pidOf, pidOption } from "../control/running_servers.ts";
import { urlApiOf, urlOptions } from "../control/url_api.ts";
import type { VaultApi } from "../control/vault_api.ts";
import type { Io } from "../io.ts";
import { waitOf } from "../option_values.ts";
import { stopSignal } from "../stop_signal.ts";
import { Feed } from "./feed.ts";
import { frameOf } from "./frame.ts";
import { showLive } from "./live.ts";
import { printJson } from "./print_json.ts";
import { plainLine } from "./styled.ts";
import { isDumb, terminalLook } from "./terminal_look.ts";

const usualIntervalMs = 1000;
/** The width where there is no terminal. */
const plainColumns = 120;

/** Shows what a running server does. */
export const top: Action = {
  name: "top",
  summary: "Show what the running server does: its health, upstreams, transfers, requests and problems, live",
  examples: [
    "artifact-vault top --config /etc/artifact-vault/config.yml",
    "artifact-vault top --url https://vault.example.com:8443 --interval 5s",
    "artifact-vault top --once --json",
  ],
  options: {
    ...directoryOptions,
    ...pidOption,
    ...urlOptions,
    once: { help: "Print it once, as without a terminal" },
    json: { help: "Print one JSON object a line, at each interval" },
    interval: { value: "DURATION", help: "How often it is drawn or printed; 1s where absent" },
  },
  async run({ values }, io) {
    const intervalMs = waitOf(values, "interval", "100ms") ?? usualIntervalMs;
    const stop = stopSignal();
    const following = new AbortController();
    stop.signal.addEventListener("abort", () => following.abort());
    let turned = () => {};
    const feed = new Feed({ find: await finderOf(values, io), clock: systemClock, turned: () => turned() });
    const followed = feed.run(following.signal);
    try {
      await Promise.race([feed.opened, followed]);
      if (stop.signal.aborted) return 0;
      await show();
      return 0;
    } finally {
      following.abort();
      await followed;
      stop.close();
    }

    async function show(): Promise<void> {
      const look = terminalLook(io.env);
      const { screen } = io;
      const once = values.once !== undefined;
      if (values.json !== undefined) return await printJson(feed, { io, once, intervalMs, stop: stop.signal });
      if (screen !== undefined && !once && !isDumb(io.env)) {
        const onTurn = (callback: () => void) => void (turned = callback);
        return await showLive(feed, { screen, intervalMs, look, stop: stop.signal, onTurn });
      }
      const columns = screen?.size().columns ?? plainColumns;
      const frame = frameOf(feed.news, { ...look, columns, rows: Infinity, now: Date.now() });
      io.stdout(frame.map((line) => `${plainLine(line)}\n`).join(""));
    }
  },
};

/** Where the server is, each time it is looked for: a restarted one has another socket. */
async function finderOf(values: OptionValues, io: Io): Promise<() => Promise<VaultApi>> {
  const elsewhere = await urlApiOf(values);
  if (elsewhere !== null) return () => Promise.resolve(elsewhere);
  const { cache_dir: dir } = await loadConfig(loadOptionsOf(values, io));
  const pid = pidOf(values);
  return async () => {
    try {
      return (await findServer(dir, pid)).api;
    } catch (error) {
      if (!(error instanceof VaultError) || error.code !== "storage_failed") throw error;
      throw new VaultError(error.code, `${error.message}; or name its address with --url`, { cause: error });
    }
  };
}
