/** Where a forwarder listens or connects: a port of 127.0.0.1, or the path of a Unix socket. */
export type Endpoint = number | string;

/** Starts to pass every connection at `from` on to `to`; a connection that `to` does not take is closed. */
export function startForwarder(from: Endpoint, to: Endpoint): AsyncDisposable {
  const listener = listen(from);
  const open = new Set<Deno.Conn>();
  const serving = (async () => {
    for await (const client of listener) void forward(client, to, open);
  })();
  return {
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of [...open]) close(connection);
      await serving;
    },
  };
}

async function forward(client: Deno.Conn, to: Endpoint, open: Set<Deno.Conn>): Promise<void> {
  open.add(client);
  const server = await connect(to).catch(() => null);
  if (server !== null) {
    open.add(server);
    await Promise.race([copy(client, server), copy(server, client)]);
  }
  for (const connection of [client, server]) {
    if (connection === null) continue;
    open.delete(connection);
    close(connection);
  }
}

/** Ends when either side does. HTTP needs no half-open connections. */
async function copy(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(256 * 1024);
  try {
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
    }
  } catch {
    return;
  }
}

function listen(endpoint: Endpoint): Deno.Listener {
  if (typeof endpoint === "number") return Deno.listen({ hostname: "127.0.0.1", port: endpoint });
  return Deno.listen({ transport: "unix", path: endpoint });
}

function connect(endpoint: Endpoint): Promise<Deno.Conn> {
  if (typeof endpoint === "number") return Deno.connect({ hostname: "127.0.0.1", port: endpoint });
  return Deno.connect({ transport: "unix", path: endpoint });
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) throw error;
  }
}

/** As a program: `forwarder.ts PORT SOCKET` listens at the port until it is ended. */
if (import.meta.main) {
  const [port = "", socket = ""] = Deno.args;
  startForwarder(Number(port), socket);
  console.log("ready");
}
