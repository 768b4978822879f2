import { createFileSink } from "../../archive/file_sink.ts";
import { stdoutSink } from "../../archive/special_file.ts";
import type { ChainLink } from "../../bundle/index_document.ts";
import { exportBundle } from "../../bundle/export_bundle.ts";
import { Ledger } from "../../bundle/ledger.ts";
import { VaultError } from "../../errors.ts";
import { shownBodies, shownEntries } from "../../observe/shown_count.ts";
import { loadWithCacheDir } from "../cache/load_with_cache_dir.ts";
import type { Action } from "../command.ts";
import { directoryOptions } from "../config_options.ts";
import { stopSignal } from "../stop_signal.ts";
import { version } from "../version.ts";
import { openSpool, temporaryOption } from "./common_options.ts";
import { carriedBackends } from "./carried_backends.ts";

/** Lists what is cached, for an export that leaves it out. */
export const have: Action = {
  name: "have",
  summary: "Write a list of what is cached here, for bundle export --have on the other side",
  examples: ["artifact-vault bundle have site.have --config config.yml"],
  operands: { usage: "[FILE]", help: "where the list goes; standard output otherwise", least: 0, most: 1 },
  options: { ...directoryOptions, ...temporaryOption },
  async run(given, io) {
    const { operands: [path] } = given;
    const config = await loadWithCacheDir(given, io);
    const spool = await openSpool(given, config, "-");
    const stop = stopSignal();
    try {
      const { collected, index } = await exportBundle({
        cacheDir: config.cache_dir,
        backends: carriedBackends(config, undefined),
        selects: () => true,
        ...{ since: null, key: null, openSink: null, spool, version, signal: stop.signal },
        openSummary: () =>
          path === undefined || path === "-" ? stdoutSink(stop.signal) : createFileSink(path, stop.signal),
      });
      await remember(config.cache_dir, index);
      io.stderr(`${shownEntries(collected.counts.entries)}, ${shownBodies(collected.bodies.count)}\n`);
      return 0;
    } catch (error) {
      throw stop.signal.aborted ? new VaultError("storage_failed", "Stopped: wrote no list", { cause: error }) : error;
    } finally {
      stop.close();
      spool.close();
    }
  },
};

/** An import of what is made by the list then knows that nothing else is lacking. Where nothing may be written, it says so. */
async function remember(cacheDir: string, list: ChainLink): Promise<void> {
  try {
    await new Ledger(cacheDir).addList(list);
  } catch (error) {
    if (error instanceof VaultError || !(error instanceof Error)) throw error;
  }
}
