import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { startFakeUpstream } from "../../support/fake_upstream.ts";
import { bytesOf } from "../../support/store_fixture.ts";
import { createTempDir } from "../../support/temp_dir.ts";
import { testInTurn } from "../../support/thorough.ts";
import { runVault, VaultProcess } from "../../support/vault_process.ts";

const clients = 3;

/** Commands that look into the cache, and that take away what clients are asking for. */
const commands = [
  ["ls", "--sort", "size"],
  ["purge", "files/**", "--yes"],
  ["stats", "--json"],
  ["verify"],
  ["prune", "--to", "0"],
  ["pin", "large-*"],
  ["prune", "--to", "5MB"],
  ["verify", "--repair"],
  ["purge", "**", "--pinned", "--yes"],
];

testInTurn({ name: "ls, stats, verify, prune and purge beside a server lose no request of its clients" }, async () => {
  await using dir = await createTempDir();
  await using upstream = startFakeUpstream();
  const files = [
    ...Array.from(
      { length: 60 },
      (_, at) => ({ path: `/small-${at}`, bytes: bytesOf(`small ${at}`, 1000 + at * 900) }),
    ),
    ...Array.from({ length: 5 }, (_, at) => ({ path: `/large-${at}`, bytes: bytesOf(`large ${at}`, 900_000 + at) })),
  ];
  for (const { path, bytes } of files) upstream.serve(path, { body: bytes, etag: `"${path}"` });
  const config = dir.join("config.yml");
  const backend = `{type: http, name: files, config: {base_url: "${upstream.origin}", ttl: 1h}}`;
  await Deno.writeTextFile(config, `cache_dir: ${dir.join("cache")}\ncache_min_free: 0\nbackends: [${backend}]`);
  await using vault = await VaultProcess.start({ args: ["--config", config] });
  const over = new AbortController();
  const wrong: string[] = [];
  let answered = 0;
  const client = async (number: number) => {
    for (let turn = number; !over.signal.aborted; turn += 7) {
      const { path, bytes } = files[turn % files.length]!;
      const problem = await problemWith(vault.url(`/files${path}`), bytes);
      if (problem !== null) wrong.push(`${path}: ${problem}`);
      answered += 1;
    }
  };
  const load = Array.from({ length: clients }, (_, number) => client(number));
  const failed: string[] = [];
  for (const [name = "", ...args] of commands) {
    const before = answered;
    const { code, stderr } = await runVault(["cache", name, ...args, "--config", config]);
    if (code !== 0) failed.push(`${name} ${args.join(" ")}: ${code} ${stderr}`);
    assert.ok(answered > before, `clients are served during ${name}`);
  }
  over.abort();
  await Promise.all(load);
  assert.deepEqual([wrong, failed], [[], []]);
  assert.ok(upstream.requests.length > files.length, "what was removed was fetched again");
});

/** Null for the right answer, whole. */
async function problemWith(url: string, wanted: Uint8Array): Promise<string | null> {
  try {
    const response = await fetch(url);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (response.status !== 200) return `status ${response.status}`;
    return Buffer.compare(bytes, wanted) === 0 ? null : `${bytes.length} bytes that are others`;
  } catch (error) {
    return String(error);
  }
}
