import { type AppFixture, startApp } from "./app_fixture.ts";
import { type FakeUpstream, startFakeUpstream } from "./fake_upstream.ts";

export interface CachedFiles extends AsyncDisposable {
  readonly upstream: FakeUpstream;
  readonly app: AppFixture;
}

/** A vault that has cached some files of an upstream, for an hour. */
export async function startWithFiles(names: readonly string[]): Promise<CachedFiles> {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(startFakeUpstream());
  for (const name of names) upstream.serve(name, { body: `body of ${name}`, etag: `"${name}"` });
  const app = stack.use(await startApp({ upstream: upstream.origin, backend: { ttl: "1h" } }));
  for (const name of names) await app.ask(`/files${name}`);
  await app.idle();
  const resources = stack.move();
  return { upstream, app, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}
