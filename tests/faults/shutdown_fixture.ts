/** A program that serves `/until-shutdown` and `/forever`, and ends as the vault does; the argument is the timeout. */
import { listen } from "../../src/cli/listen.ts";
import { serveUntilTerminated } from "../../src/cli/shutdown.ts";
import { loadConfig } from "../../src/config/load.ts";
import { configSchema } from "../../src/configuration.ts";

const shutdown = Promise.withResolvers<void>();
const timeoutMs = Number(Deno.args[0]);
const config = { ...await loadConfig({ schema: configSchema, env: () => undefined }), http_port: 0 };

const app = {
  handle: ({ url }: Request) =>
    new Response(
      new ReadableStream({
        async start(controller) {
          controller.enqueue(new TextEncoder().encode("begun"));
          if (url.endsWith("/forever")) return;
          await shutdown.promise;
          controller.enqueue(new TextEncoder().encode(", done"));
          controller.close();
        },
      }),
    ),
  beginShutdown: () => shutdown.resolve(),
  close: (ms: number) => Promise.resolve(console.log(`close, time left: ${ms > 0}`)),
};
const log = { debugs: false, debug() {}, info: console.log, warning() {}, error() {} };

const { server, url } = listen(app.handle, { config, tls: null });
const stopping = {
  shutdown() {
    const stopped = server.shutdown();
    console.log("accepts no more");
    return stopped;
  },
};
const served = serveUntilTerminated({ app, server: stopping, log, timeoutMs: () => timeoutMs });
console.log(`ready ${url}`);
await served;
console.log("ended");
Deno.exit(0);
