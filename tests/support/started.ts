/** Starts a server, and gives it; where that fails, it is disposed of before the error goes on. */
export async function started<Server extends AsyncDisposable & { start(): Promise<void> }>(
  server: Server,
): Promise<Server> {
  try {
    await server.start();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}
