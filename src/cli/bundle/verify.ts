import { verifyBundle } from "../../bundle/verify_bundle.ts";
import { loadConfig } from "../../config/load.ts";
import { carryingOfType } from "../../configuration.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import { shownBodies } from "../../observe/shown_count.ts";
import { shownDate } from "../../observe/shown_time.ts";
import type { Action } from "../command.ts";
import { directoryOptions, loadOptionsOf } from "../config_options.ts";
import { stopSignal } from "../stop_signal.ts";
import { openSpool, temporaryOption, trustOf, trustOption, withProgress } from "./common_options.ts";
import { describeSigned } from "./describe_signed.ts";
import { withBundle } from "./open_bundle.ts";

/** Reads a whole bundle and says whether it is as it was written. */
export const verify: Action = {
  name: "verify",
  summary: "Read a whole bundle and compare everything in it with its digest and signature",
  examples: ["artifact-vault bundle verify bundle.tar --trust vault.pub.pem"],
  operands: { usage: "IN", help: "a bundle, as for bundle import", least: 1, most: 1 },
  options: { ...directoryOptions, ...trustOption, ...temporaryOption },
  async run(given, io) {
    const { operands: [path = ""], values } = given;
    const config = await loadConfig(loadOptionsOf(values, io));
    const trust = await trustOf(given, config);
    const { signal, close } = stopSignal();
    const { head, bodies, bytes } = await withBundle(path, { verb: "verify", signal }, async (source) => {
      const spool = await openSpool(given, config, path);
      try {
        return await withProgress(
          io,
          (onProgress) => verifyBundle({ source, trust, spool, carryingOfType, onProgress, signal }),
        );
      } finally {
        spool.close();
      }
    }).finally(close);
    io.stderr(describeSigned(head));
    io.stdout(
      `${path === "-" ? "The bundle" : path} is whole: bundle ${head.index.id} of ` +
        `${shownDate(head.index.created)}, ${shownBodies(bodies)}, ${shownBytes(bytes)}\n`,
    );
    return 0;
  },
};
