/** A directory that is gone, with all it holds, when the scope ends. */
export interface TempDir extends AsyncDisposable {
  readonly path: string;
  /** The path of a name inside. */
  join(...names: string[]): string;
}

export async function createTempDir(prefix = "vault-test-"): Promise<TempDir> {
  const path = await Deno.makeTempDir({ prefix });
  return {
    path,
    join: (...names) => [path, ...names].join("/"),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}
