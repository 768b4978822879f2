import type { App } from "../app.ts";
import type { Config } from "../config/schema.ts";
import { warmSourcesOf } from "../configuration.ts";
import type { Log } from "../observe/log.ts";
import { delay, systemClock } from "../upstream/clock.ts";
import { createClientInProcess } from "../warm/client_in_process.ts";
import { checkSettings } from "../warm/settings.ts";
import { WarmSchedule } from "../warm/schedule.ts";

/** Throws `config_invalid` where the settings of `warm` mean nothing to the backends. */
export function checkWarm(config: Config): void {
  checkSettings(config.warm, warmSourcesOf(config));
}

/** Keeps the lists of the configuration warm until it is stopped; null where there are none, or the vault is offline. */
export function keepWarm(config: Config, { app, log }: { app: App; log: Log }): WarmSchedule | null {
  const { lists, every, jobs, python, platforms, referrers, recommends, suites } = config.warm;
  if (lists.length === 0) return null;
  if (config.offline) {
    log.info("Lists are not kept warm (warm.lists), since the vault is offline");
    return null;
  }
  return new WarmSchedule({
    lists,
    everyMs: every,
    jobs,
    client: createClientInProcess(app),
    sources: warmSourcesOf(config),
    settings: { python, platforms, referrers, recommends, suites },
    log,
    delay: (ms, signal) => delay(systemClock, ms, signal),
  });
}
