import { loadConfig } from "../../config/load.ts";
import { asPermissionMissing } from "../../config/permission.ts";
import type { Config } from "../../config/schema.ts";
import { VaultError } from "../../errors.ts";
import type { Given } from "../command.ts";
import { prepareCacheDir, refuseLinks } from "../cache_dir.ts";
import { loadOptionsOf } from "../config_options.ts";
import type { Io } from "../io.ts";

/** Loads the configuration of a command that is also about what comes later: makes the cache directory where there is none. */
export async function loadMakingCacheDir({ values }: Given, io: Io): Promise<Config> {
  const config = await loadConfig(loadOptionsOf(values, io));
  await prepareCacheDir(config.cache_dir);
  return config;
}

/** Loads the configuration of a command that works on a cache directory. Throws where there is no such directory. */
export async function loadWithCacheDir({ values }: Given, io: Io): Promise<Config> {
  const config = await loadConfig(loadOptionsOf(values, io));
  const { cache_dir: dir } = config;
  try {
    if ((await Deno.stat(dir)).isDirectory) {
      refuseLinks(dir);
      return config;
    }
  } catch (error) {
    if (error instanceof VaultError) throw error;
    const missing = asPermissionMissing(error);
    if (missing !== null) throw missing;
    if (!(error instanceof Deno.errors.NotFound)) {
      throw new VaultError("storage_failed", cannot(dir, "it cannot be read"));
    }
  }
  throw new VaultError("storage_failed", cannot(dir, "there is no such directory"));
}

function cannot(dir: string, why: string): string {
  return `Cannot look into the cache directory "${dir}": ${why}; name the right one with --cache-dir or --config`;
}
