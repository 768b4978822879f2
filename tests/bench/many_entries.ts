/**
 * Makes a cache directory with many small entries, for measuring what looks at all of them:
 * `deno run -A tests/bench/many_entries.ts DIR NUMBER`. Each has a body of its own of a few bytes, and lies in one of
 * some backends, in folders of a thousand.
 */
import { createHash } from "node:crypto";
import { FsLayout } from "../../src/store/fs_layout.ts";

const usualBackends = ["docker", "pypi", "debian"];

/** Makes `count` entries with their bodies below `dir`. */
export function makeEntries(dir: string, count: number, backends: readonly string[] = usualBackends): void {
  const layout = new FsLayout(dir);
  const made = new Set<string>();
  const write = (path: string, text: string) => {
    const folder = path.slice(0, path.lastIndexOf("/"));
    if (!made.has(folder)) Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    made.add(folder);
    Deno.writeTextFileSync(path, text);
  };
  const now = Date.now();
  for (let number = 0; number < count; number++) {
    const backend = backends[number % backends.length]!;
    const body = `body ${number}`;
    const sha256 = createHash("sha256").update(body).digest("hex");
    const key = `/packages/${Math.floor(number / backends.length / 1000)}/artifact-${number}-1.0-py3-none-any.whl`;
    const storedAt = now - number * 1000;
    const entry = {
      ...{ backend, key, sha256, sizeBytes: body.length, headers: [["etag", `"${number}"`]] },
      ...{ url: `https://upstream.example.org${key}`, storedAt, validatedAt: storedAt, generatedAt: storedAt },
      ...{ freshUntil: 0, selectedBy: [] },
    };
    write(layout.blob(sha256), body);
    write(layout.entry(backend, key), JSON.stringify(entry));
  }
}

if (import.meta.main) {
  const [dir = "", count = "1000000"] = Deno.args;
  makeEntries(dir, Number(count));
}
