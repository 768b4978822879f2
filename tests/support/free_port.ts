/** A TCP port of 127.0.0.1 that nothing listens on just now, for programs that cannot be told to choose one. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** The same below 32768, where the system chooses none: some programs take larger numbers for negative ones. */
export function freeLowPort(): number {
  for (;;) {
    try {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 20_000 + Math.floor(Math.random() * 12_000) });
      return listener.addr.port;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}
