import type { Config } from "../config/schema.ts";
import { warmSourcesOf } from "../configuration.ts";
import { VaultError } from "../errors.ts";
import { parseLine } from "../warm/line.ts";
import { isLineItself, readList } from "../warm/list.ts";
import { openListFile } from "../warm/list_text.ts";
import { throwTogether } from "./input_files.ts";

/**
 * Reads the lists that a server keeps warm. Throws `config_invalid` with a line for each that cannot be read, is of no
 * known form, or is a line that means nothing.
 */
export async function checkWarmLists(config: Config): Promise<void> {
  const { lists, python, platforms, referrers, recommends, suites } = config.warm;
  const options = {
    sources: warmSourcesOf(config),
    settings: { python, platforms, referrers, recommends, suites },
    open: openListFile,
    note: () => {},
  };
  await throwTogether(lists.map((list) => async () => {
    try {
      if (isLineItself(list)) parseLine(list, options.sources);
      else await (await readList(list, options)).cancel();
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      throw new VaultError(error.code, `warm.lists: ${error.message}`, { cause: error });
    }
  }));
}
