import { createApp } from "../../app.ts";
import { notAskedFor } from "../../cache_commands/not_asked_for.ts";
import { openOutlooks } from "../../outlooks.ts";
import type { Config } from "../../config/schema.ts";
import { messageOf } from "../../errors.ts";
import { noLog } from "../../observe/log.ts";
import type { Entry } from "../../store/store.ts";
import { version } from "../version.ts";

/** An entry whose body was asked for again; `failure` says in words why that has not come, null where it has. */
export interface FetchedAgain {
  readonly entry: Entry;
  readonly failure: string | null;
}

/** Nobody waits for what is still under way once all have been asked for. */
const closingMs = 30_000;

/** Asks for the bodies of entries as clients do, one after the other, by the vault's own rules. */
export async function* fetchAgain(config: Config, entries: readonly Entry[]): AsyncGenerator<FetchedAgain> {
  const outlooks = await openOutlooks(config);
  // The bodies have just been verified.
  const app = await createApp({ ...config, verify: { ...config.verify, rate: 0 } }, { log: noLog, version });
  const ask = async (entry: Entry): Promise<string | null> => {
    const request = await outlooks.requestFor(entry);
    if (request === null) return notAskedFor;
    const headers = request.headers.map(([name, value]): [string, string] => [name, value]);
    const response = await app.ask(new Request(`http://localhost${request.target}`, { headers }));
    const text = response.ok ? (await response.body?.pipeTo(new WritableStream()), "") : await response.text();
    if (!response.ok) {
      return text.split("\n").filter((line) => line !== "" && !line.startsWith("Request id")).join(": ") ||
        String(response.status);
    }
    return null;
  };
  try {
    for (const entry of entries) yield { entry, failure: await ask(entry).catch(messageOf) };
  } finally {
    await app.close(closingMs);
    await outlooks.close();
  }
}
