/** Where a forwarder listens or connects: a port of 127.0.0.1, or the path of a Unix socket. */
export type Endpoint = number | string;

export interface Forwarder extends AsyncDisposable {
  /** Where it listens; 0 where that is a socket. */
  readonly port: number;
}

/** Called with bytes of a client; they are passed on when it resolves. */
export type BeforeSending = (bytes: Uint8Array) => Promise<void>;

/**
 * Starts to pass every connection at `from` on to `to`; a connection that `to` does not take is closed. Port 0 is a free
 * one.
 */
export function startForwarder(from: Endpoint, to: Endpoint, beforeSending?: BeforeSending): Forwarder {
  const listener = listen(from);
  const open = new Set<Deno.Conn>();
  const serving = (async () => {
    for await (const client of listener) void forward(client, { to, open, beforeSending });
  })();
  return {
    port: listener.addr.transport === "tcp" ? listener.addr.port : 0,
    async [Symbol.asyncDispose]() {
      listener.close();
      for (const connection of [...open]) close(connection);
      await serving;
    },
  };
}

interface Forwarding {
  readonly to: Endpoint;
  readonly open: Set<Deno.Conn>;
  readonly beforeSending: BeforeSending | undefined;
}

async function forward(client: Deno.Conn, { to, open, beforeSending }: Forwarding): Promise<void> {
  open.add(client);
  const server = await connect(to).catch(() => null);
  if (server !== null) {
    open.add(server);
    await Promise.race([copy(client, server, beforeSending), copy(server, client)]);
  }
  for (const connection of [client, server]) {
    if (connection === null) continue;
    open.delete(connection);
    close(connection);
  }
}

/** Ends when either side does. HTTP needs no half-open connections. */
async function copy(from: Deno.Conn, to: Deno.Conn, beforeSending?: BeforeSending): Promise<void> {
  const buffer = new Uint8Array(256 * 1024);
  try {
    for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
      await beforeSending?.(buffer.subarray(0, count));
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
