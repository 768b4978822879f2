import { createHash } from "node:crypto";
import { FsLayout } from "../../src/store/fs_layout.ts";
import { runToSuccess } from "../support/run_command.ts";
import { vaultCommand } from "../support/vault_process.ts";
import type { Bench, Case } from "./bench.ts";
import type { Figure } from "./figures.ts";

interface Sizes {
  readonly small: number;
  readonly large: number;
}

const smallBytes = 50_000;
const largeBytes = 80_000_000;
const full: Sizes = { small: 20_000, large: 50 };
const quick: Sizes = { small: 2000, large: 5 };

/** A run of a program. */
interface Run {
  readonly seconds: number;
  readonly peakMb: number;
}

/** Export and import of a cache with many small and some large bodies, beside tar of the same directory. */
export const bundles: Case = {
  name: "bundle",
  programs: ["tar", "time"],
  async run({ root, settings }: Bench): Promise<Figure[]> {
    const sizes = settings.bigBytes < 1024 ** 3 ? quick : full;
    const dir = `${root}/bundle`;
    await Deno.mkdir(dir);
    const bytes = fillCache(`${dir}/cache`, sizes);
    for (const side of ["cache", "new"]) writeConfig(`${dir}/${side}.yml`, `${dir}/${side}`);
    const vault = (...args: string[]) => timed([...vaultCommand(), "bundle", ...args]);
    const runs = { exports: [] as Run[], imports: [] as Run[], packs: [] as Run[], unpacks: [] as Run[] };
    for (let turn = 0; turn < settings.repeats; turn++) {
      runs.packs.push(await timed(["tar", "-cf", `${dir}/peer.tar`, "-C", dir, "cache"]));
      runs.exports.push(await vault("export", `${dir}/bundle.tar`, "--config", `${dir}/cache.yml`));
      await Deno.mkdir(`${dir}/unpacked`);
      runs.unpacks.push(await timed(["tar", "-xf", `${dir}/peer.tar`, "-C", `${dir}/unpacked`]));
      runs.imports.push(await vault("import", `${dir}/bundle.tar`, "--config", `${dir}/new.yml`));
      for (const made of ["unpacked", "new"]) await Deno.remove(`${dir}/${made}`, { recursive: true });
    }
    await Deno.remove(dir, { recursive: true });
    return [
      ...figuresOf("bundle export", { vault: runs.exports, tar: runs.packs, bytes }),
      ...figuresOf("bundle import", { vault: runs.imports, tar: runs.unpacks, bytes }),
    ];
  },
};

interface Compared {
  readonly vault: readonly Run[];
  readonly tar: readonly Run[];
  readonly bytes: number;
}

function figuresOf(name: string, { vault, tar, bytes }: Compared): Figure[] {
  const speeds = (runs: readonly Run[]) => runs.map(({ seconds }) => bytes / 1e6 / seconds);
  const peaks = (runs: readonly Run[]) => runs.map(({ peakMb }) => peakMb);
  return [
    {
      ...{ name, unit: "MB/s", vault: speeds(vault), peers: [{ name: "tar", values: speeds(tar) }] },
      wanted: [{ kind: "ratio", atLeast: 0.5 }],
    },
    {
      ...{ name: `${name}, peak memory`, unit: "MB", vault: peaks(vault) },
      ...{ peers: [{ name: "tar", values: peaks(tar) }], wanted: [{ kind: "vault", atMost: 150 }] },
    },
  ];
}

async function timed(command: readonly string[]): Promise<Run> {
  const format = "time %e %M";
  const path = await Deno.makeTempFile();
  await runToSuccess(["time", "-f", format, "-o", path, ...command], { timeoutMs: 600_000 });
  const [, seconds = "", peakKb = ""] = (await Deno.readTextFile(path)).trim().split(" ");
  await Deno.remove(path);
  return { seconds: Number(seconds), peakMb: Number(peakKb) / 1000 };
}

function writeConfig(path: string, cacheDir: string): void {
  const backends = 'backends: [{ type: http, name: test, config: { base_url: "https://files.example.com" } }]';
  Deno.writeTextFileSync(path, `cache_dir: ${cacheDir}\ncache_min_free: 0\n${backends}\n`);
}

/** Writes bodies and entries as a store does, and returns the bytes of all bodies. */
function fillCache(dir: string, { small, large }: Sizes): number {
  const layout = new FsLayout(dir);
  const bytes = new Uint8Array(largeBytes);
  for (let at = 0; at < largeBytes; at += 65_536) crypto.getRandomValues(bytes.subarray(at, at + 65_536));
  const put = (key: string, length: number, number: number) => {
    const body = bytes.subarray(0, length);
    new DataView(body.buffer).setUint32(0, number);
    const sha256 = createHash("sha256").update(body).digest("hex");
    write(layout.blob(sha256), body);
    const now = Date.now();
    const headers = [["content-type", "application/octet-stream"], ["etag", `"${number}"`]];
    const times = { storedAt: now, validatedAt: now, generatedAt: now, freshUntil: 0 };
    const url = `https://files.example.com${key}`;
    const entry = { backend: "test", key, sha256, sizeBytes: length, headers, url, ...times, selectedBy: [] };
    write(layout.entry("test", key), new TextEncoder().encode(JSON.stringify(entry)));
  };
  for (let number = 0; number < small; number++) put(`/small/${number % 100}/${number}.bin`, smallBytes, number);
  for (let number = 0; number < large; number++) put(`/large/${number}.bin`, largeBytes, small + number);
  return small * smallBytes + large * largeBytes;
}

function write(path: string, bytes: Uint8Array): void {
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  Deno.writeFileSync(path, bytes);
}
