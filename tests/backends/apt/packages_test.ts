import assert from "node:assert/strict";
import { constants, deflateRawSync } from "node:zlib";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { PackageLineParser } from "../../../src/backends/apt/packages/line_parser.ts";
import { DigestTable, DigestTableBuilder } from "../../../src/backends/shared/listings/digest_table.ts";
import { createPackageParsers } from "../../../src/backends/apt/packages/parsers.ts";
import { readPackageIndex } from "../../../src/backends/apt/packages/read_index.ts";
import { type Compression, type RepositoryLane, tasks } from "../../../src/backends/apt/tasks.ts";
import { TaskDocument } from "../../../src/backends/shared/tasks/document.ts";
import { TaskLane } from "../../../src/backends/shared/tasks/lane.ts";
import { VaultError } from "../../../src/errors.ts";

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function pathOf(name: string): string {
  return `pool/main/${name[0]}/${name}/${name}_1_amd64.deb`;
}

function stanza(name: string): string {
  return `Package: ${name}\nVersion: 1\nFilename: ${pathOf(name)}\nSize: 100\nSHA256: ${sha256(name)}\n` +
    `Description: ${name}\n\n`;
}

const names = ["apt", "bash", "curl", "dash"];
const index = names.map(stanza).join("");
/** `index` by xz 5.4 with --block-size=300: three blocks. */
const xzOfIndex = "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AErAMxdACgYSGbb2jCF/hbe6cpAcZpRbXWguEmU51XoZ8VUJPCowuseCg3nrvjt" +
  "S5Wl30OUP8HLh64wIwDIq4kWMFGRz1hgWCFZcr+8TmPl6MSDCXtbHch4CtVbiTkdCwx1t7edxZLyqoLDTOS0PUzP0ZzzLR7JZIUkwcDaXMABKiPH" +
  "jOHgkzp1RfUml2JIUftvFg5nN/nVUdg1GF7KCv8I8/guFKBFRXYL3q8PnGtSvUgStMqjOQ57Jg7JDxquO826YbA0OG3asELV6HwuJZn7IACTCqQX" +
  "YHE6bAIAIQEWAAAAdC/lo+ABKwC8XQAZjQNgpmvc9ciTxsH7ofNLWzmwZJf0JVzs725XnnSEBqXsXuE7eVmtutSiKCoH8sxTsk7VrwkaCMd5roN3" +
  "JfVe2NaZz4lC5fGAjlF3+3E+RTVPVeeazM7Almfnx1TTHZvq20mg6WZalNf1zDms19wfD36/s1unfP3S8qkNNG4cqjdYO3khjZ3zFb9KF/TuFmOF" +
  "8BwNLfiLaEs8JltkGIj0D4UR9FAKSOU8xsL0Woqkg1pqHXYtXaNOJk0WigCb3hwUMmAbTAIAIQEWAAAAdC/lo+AATwBOXQAZGMMjIqYae4jXBEVx" +
  "KTm3JRE7+n9vZ4Jjr6e3iJqcGvgsPUZDvheoyr1zpejUB458fu7npTNAbHA45xw9B+aYXelInicJ4IZY87pOWAAAAADR5jT/O6C6OQAD6AGsAtgB" +
  "rAJqULoNSYgUFzswAwAAAAAEWVo=";

/** `index` by bzip2. */
const bz2OfIndex =
  "QlpoOTFBWSZTWVM2cVcAAJ7fgAAQQAH/8CVASQC/794QMAF1GswSqm0yn6SeGkjTagDQaAEqp+INAptEmg9TTQAAKqp5TJkBkAyMmhoMjr+J7W" +
  "rTrYHBg6BSlE5AcKh8eUlnJerr5wYI1CIbH1rSVjtrX2LlgA+JWMGCZBjNFexIHAGXIum9eyyNdYQm0jZttdtnIzUd0dzW1I40CM73NZYy9Y2h" +
  "B00jEGZ71zhjheMeLQkmchbi1ZxLXI5s7pe7YW9EEGWVGuhZoqqNxyuJT0tR48woFwVUhCEIZFpWLiAVVVx2lnGjXvUUy03Fd56LQ5hAwdu4iI" +
  "idwM2+cakF0iUJi+GfHlydejraaIsxrJ2adTo8mpYOeHwFI6JxpSEHSVmAW23wIF9ZJkFuF0iSL+DMFCIOx5hmHkJ03qq03NSqNFQ9kSJ3MS8s" +
  "I5MCGBYTiJINhAiMTsSmUnPxMJBnJhKZj+LuSKcKEgpmzirg";
/** `index` by zstd 1.5 with --check. */
const zstOfIndex =
  "KLUv/QRo9QkAZpU8HGBPG8BPO8c2T5siM0pNMDomu6UlhexKCXLasgI+ADIAMQD63VJilYgXIQcgUOcGBgSDELs8CKbZB1L/wYqkaLiBPPxoHJ" +
  "GI5MEQ5ngKTAIIIJGHMmEJpiJhgIAtuOF8CKpW5jaWinzevO/8pb5X2DSDws1UJM/EKYzAJDpJt9FpmthCP6V/znr63vAdr92j7EYryq0dXOqf" +
  "rtVe6lTE2hUhWm+opV7VydRl446Jxc/VVWdbSZW/Uombch1yXMgWLiLGVAxLe0qRo7tc25HxF6J1m7TXM5ftvWMrxb7Q/2/9fhv/N/+oO68hUy" +
  "d5a7bGVyceIKBmiGo3H8pAs9dapwO8fkswsiIXETQsACEbt2EXEhYOk8sC6FgAlK21bdCFtIVXwqRCj+MOHlwrAFiPB/Y6ADOwqIA0A8cJ083B" +
  "ww==";

type Bytes = Uint8Array<ArrayBuffer>;

const plain: Bytes = new TextEncoder().encode(index);
const [xz, bz2, zst] = [xzOfIndex, bz2OfIndex, zstOfIndex].map((text): Bytes =>
  new Uint8Array(Buffer.from(text, "base64"))
) as [Bytes, Bytes, Bytes];
const gz = await gzip(plain);

interface ReadOptions {
  readonly signal?: AbortSignal;
  readonly lane?: RepositoryLane;
}

/** Reads an index of unknown size. */
function readPackages(
  stream: ReadableStream<Bytes>,
  compression: Compression,
  { signal, lane = new TaskLane(tasks) }: ReadOptions = {},
): Promise<DigestTable> {
  const url = "http://mirror.example/Packages";
  const bytes = () => Promise.reject(new Error("of unknown size"));
  const body = { headers: [], sizeBytes: undefined, url, location: url, bytes, stream: () => stream };
  return readPackageIndex({ body: { ...body, ...signal && { signal } }, compression }, lane);
}

const codings = { none: "identity", gz: "gzip", xz: "xz", bz2: "bzip2", zst: "zstd" } as const;

/** Does what a thread does with such an index. It takes longer to start one than to read the indexes of these tests. */
async function readAsThread(stream: ReadableStream<Bytes>, compression: Compression): Promise<DigestTable> {
  const url = "http://mirror.example/Packages";
  const description = { contentType: undefined, coding: codings[compression], askedUrl: url, url };
  const document = new TaskDocument(description, stream, { maxBytes: tasks.maxBytes, pauses: false });
  return new DigestTable(await tasks.tasks.readPackages([document], { compression }));
}

async function gzip(bytes: Bytes): Promise<Bytes> {
  return await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

/** Gives `bytes` in pieces, as they are asked for; then ends, or breaks with `error`. */
function streamOf(bytes: Bytes, pieceBytes: number, error?: unknown): ReadableStream<Bytes> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < bytes.length) controller.enqueue(bytes.slice(at, at += pieceBytes));
      else if (error === undefined) controller.close();
      else controller.error(error);
    },
  }, { highWaterMark: 0 });
}

function read(text: string, chunkBytes = text.length): Record<string, string> {
  const found: [string, string][] = [];
  const lines = new PackageLineParser((path, digest) => found.push([path, digest]));
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) lines.write(bytes.subarray(at, at + chunkBytes));
  lines.end();
  return Object.fromEntries(found);
}

function tableOf(entries: Iterable<readonly [path: string, sha256: string]>): DigestTable {
  const builder = new DigestTableBuilder();
  for (const [path, digest] of entries) builder.add(path, digest);
  return new DigestTable(builder.build());
}

const [a, b, c] = ["a", "b", "c"].map((character) => character.repeat(64)) as [string, string, string];

const indexes: Readonly<Record<string, { text: string; found: Record<string, string> }>> = {
  "packages": { text: index, found: Object.fromEntries(names.map((name) => [pathOf(name), sha256(name)])) },
  "the digest before the name, no end of line": { text: `SHA256: ${a}\nFilename: x.deb`, found: { "x.deb": a } },
  "line ends of Windows": {
    text: `Filename: x.deb\r\nSHA256: ${a}\r\n\r\nFilename: y.deb\r\nSHA256: ${b}\r\n`,
    found: { "x.deb": a, "y.deb": b },
  },
  "other cases, odd spaces": { text: `FILENAME:x.deb \nsha256:\t${"A".repeat(64)}\n`, found: { "x.deb": a } },
  "a flat repository": {
    text:
      `Filename: ./x.deb\nSHA256: ${a}\n\nFilename: ././amd64//y.deb\nSHA256: ${b}\n\nFilename: /z.deb\nSHA256: ${c}\n`,
    found: { "x.deb": a, "amd64/y.deb": b, "z.deb": c },
  },
  "characters beyond ASCII": { text: `Filename: pool/ü/é_1.deb\nSHA256: ${a}\n`, found: { "pool/ü/é_1.deb": a } },
  "stanzas that lack something": {
    text: `Filename: x.deb\n\nSHA256: ${a}\n\nFilename: y.deb\nSHA256: abc\n\nFilename: z.deb\nSHA1: ${a}\n`,
    found: {},
  },
  "fields with names alike, and text like fields": {
    text:
      `Filename: x.deb\nSHA256: ${a}\nFilenames: y\nSource: q\nSHA512: ${b}\nDescription: d\n Filename: n\n SHA256: ${b}\n`,
    found: { "x.deb": a },
  },
  "sources": {
    text: `Package: apt\nFiles:\n ${"1".repeat(32)} 9 apt_1.dsc\nChecksums-Sha1:\n ${"2".repeat(40)} 9 apt_1.dsc\n` +
      `Checksums-Sha256:\n ${a} 9 apt_1.dsc\n ${b} 10 apt_1.orig.tar.xz\nHomepage: x\n ${c} 9 apt_2.dsc\n` +
      "Directory: pool/main/a/apt\n\n" +
      `Directory: .\nChecksums-Sha256:\n ${c} 9 flat_1.dsc\nPackage-List:\n ${a} 9 no.dsc\n`,
    found: { "pool/main/a/apt/apt_1.dsc": a, "pool/main/a/apt/apt_1.orig.tar.xz": b, "flat_1.dsc": c },
  },
  "sources at the root of their repository": {
    text: `Checksums-Sha256:\n ${a} 9 x_1.dsc\n`,
    found: { "x_1.dsc": a },
  },
  "a login page": { text: "<html>\n<body>Filename: x</body>\n", found: {} },
  "nothing": { text: "", found: {} },
};
for (const [name, { text, found }] of Object.entries(indexes)) {
  Deno.test(`${name}: the same in chunks of any size`, () => {
    for (const chunkBytes of [1, 7, 64, text.length + 1]) assert.deepEqual(read(text, chunkBytes), found);
  });
}

Deno.test("a line of a megabyte spoils no other", () => {
  const endless = "x".repeat(1000);
  const found: string[] = [];
  const lines = new PackageLineParser((path) => found.push(path));
  const write = (text: string) => lines.write(new TextEncoder().encode(text));
  write(`Filename: x.deb\nDescription: `);
  for (let nth = 0; nth < 1000; nth++) write(endless);
  write(`\nSHA256: ${a}\n`);
  lines.end();
  assert.deepEqual(found, ["x.deb"]);
});

Deno.test("a table finds each path, with a leading slash or without, and no other", () => {
  const paths = Array.from(
    { length: 5000 },
    (_, nth) => `pool/main/p/package-${nth}/package-${nth}_1.0-${nth}_all.deb`,
  );
  const table = tableOf(paths.map((path) => [path, sha256(path)]));
  assert.equal(table.size, paths.length);
  assert.equal(table.sizeBytes, paths.length * 40);
  for (const path of paths) {
    const digest = { algorithm: "sha256", hex: sha256(path) };
    assert.deepEqual(table.find(path), digest);
    assert.deepEqual(table.find(`/${path}`), digest);
    assert.equal(table.find(`${path}.`), null);
  }
  assert.equal(tableOf([]).find("x"), null);
});

Deno.test("a path with several digests has none; one that is merely repeated has its own", () => {
  const table = tableOf([["x", a], ["y", b], ["x", a], ["z", a], ["z", b], ["z", a], ["w", c]]);
  assert.deepEqual(["w", "x", "y", "z"].map((path) => table.find(path)?.hex ?? null), [c, a, b, null]);
  assert.equal(table.size, 3);
});

for (const [compression, bytes] of [["none", plain], ["gz", gz], ["xz", xz], ["bz2", bz2], ["zst", zst]] as const) {
  Deno.test(`an index is read: ${compression}`, async () => {
    const tables = [await readPackages(streamOf(bytes, 100), compression)];
    for (const pieceBytes of [1, 100, bytes.length]) {
      tables.push(await readAsThread(streamOf(bytes, pieceBytes), compression));
    }
    for (const table of tables) {
      assert.equal(table.size, names.length);
      for (const name of names) assert.equal(table.find(pathOf(name))?.hex, sha256(name));
    }
  });
}

// The first two are read here, and all that are packed in other ways on a thread.
for (const [compression, bytes] of [["none", plain], ["gz", gz], ["xz", xz]] as const) {
  Deno.test(`a stream that breaks fails as it does, even where all has come: ${compression}`, async () => {
    const broken = new VaultError("digest_mismatch", "not what it should be");
    for (const part of [bytes.subarray(0, 0), bytes.subarray(0, 300), bytes]) {
      await assert.rejects(readPackages(streamOf(part, 64, broken), compression), (error) => error === broken);
    }
  });
}

for (const [compression, bytes] of [["xz", xz], ["bz2", bz2], ["zst", zst]] as const) {
  Deno.test(`several streams, one behind the other, are one index: ${compression}`, async () => {
    const table = await readAsThread(streamOf(new Uint8Array([...bytes, ...bytes]), 100), compression);
    assert.equal(table.size, names.length);
  });
}

Deno.test("several gz members, one behind the other, are one index", async () => {
  const half = Math.floor(plain.length / 2);
  const members = [await gzip(plain.slice(0, half)), await gzip(plain.slice(half))];
  const table = await readPackages(streamOf(new Uint8Array(members.flatMap((member) => [...member])), 100), "gz");
  assert.equal(table.size, names.length);
});

const damaged = (bytes: Bytes) => bytes.map((byte, at) => at === 250 ? byte ^ 1 : byte);
const unreadable: Readonly<Record<string, { bytes: Bytes; compression: Compression }>> = {
  "a gz file cut short": { bytes: gz.slice(0, -9), compression: "gz" },
  "an xz file cut short": { bytes: xz.slice(0, -9), compression: "xz" },
  "a bz2 file cut short": { bytes: bz2.slice(0, -9), compression: "bz2" },
  "a zst file cut short": { bytes: zst.slice(0, -9), compression: "zst" },
  "a damaged bz2 file": { bytes: damaged(bz2), compression: "bz2" },
  "an unpacked file as bz2": { bytes: plain, compression: "bz2" },
  "an unpacked file as zst": { bytes: plain, compression: "zst" },
  "an empty file as bz2": { bytes: new Uint8Array(), compression: "bz2" },
  "an empty file as zst": { bytes: new Uint8Array(), compression: "zst" },
  "a damaged gz file": { bytes: damaged(gz), compression: "gz" },
  "a damaged xz file": { bytes: damaged(xz), compression: "xz" },
  "an unpacked file as gz": { bytes: plain, compression: "gz" },
  "an unpacked file as xz": { bytes: plain, compression: "xz" },
  "an empty file as gz": { bytes: new Uint8Array(), compression: "gz" },
  "an empty file as xz": { bytes: new Uint8Array(), compression: "xz" },
};
for (const [name, { bytes, compression }] of Object.entries(unreadable)) {
  Deno.test(`${name} is refused`, async () => {
    const refusal = {
      name: "VaultError",
      code: "upstream_failed",
      message: new RegExp(`^Cannot read an index of packages \\(${compression}\\): `),
    };
    await assert.rejects(readAsThread(streamOf(bytes, 100), compression), refusal);
    if (compression === "gz") await assert.rejects(readPackages(streamOf(bytes, 100), compression), refusal);
  });
}

Deno.test("what a thread refuses is refused with its reason", async () => {
  await assert.rejects(readPackages(streamOf(plain, 100), "bz2"), {
    name: "VaultError",
    code: "upstream_failed",
    message: /^Cannot read an index of packages \(bz2\): /,
  });
});

Deno.test("what cannot be read is not read on: the rest of the stream is let go", async () => {
  let cancelled: unknown;
  const endless = new ReadableStream<Bytes>({
    pull: (controller) => controller.enqueue(new Uint8Array(1000).fill(120)),
    cancel: (reason) => void (cancelled = reason),
  });
  await assert.rejects(readPackages(endless, "xz"), (error) => error instanceof VaultError && error === cancelled);
});

Deno.test("one index is read at a time, and after a failure the next", async () => {
  const lane = new TaskLane(tasks);
  const read: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = new ReadableStream<Bytes>({
    async pull(controller) {
      await gate.promise;
      read.push("first");
      controller.error(new Error("broken"));
    },
  }, { highWaterMark: 0 });
  const second = new ReadableStream<Bytes>({
    pull(controller) {
      if (read.push("second") === 2) controller.enqueue(plain.slice());
      else controller.close();
    },
  }, { highWaterMark: 0 });
  const readings = [readPackages(first, "none", { lane }), readPackages(second, "none", { lane })] as const;
  gate.resolve();
  await assert.rejects(readings[0], /broken/);
  assert.equal((await readings[1]).size, names.length);
  assert.deepEqual(read, ["first", "second", "second"]);
});

Deno.test("chunks of a buffer that others use stay theirs, however large", async () => {
  const text = Array.from({ length: 3000 }, (_, nth) => stanza(`package${nth}`)).join("");
  const shared = new TextEncoder().encode(text);
  const table = await readPackages(
    new ReadableStream<Bytes>({
      start(controller) {
        controller.enqueue(shared.subarray(0, 200_001));
        controller.enqueue(shared.subarray(200_001));
        controller.close();
      },
    }),
    "none",
  );
  assert.equal(table.size, 3000);
  assert.equal(new TextDecoder().decode(shared), text);
});

Deno.test("an index that looks small and is not is read on from its beginning", async () => {
  const all = Array.from({ length: 5000 }, (_, nth) => stanza(`package${nth}`)).join("");
  const alike = await gzip(new TextEncoder().encode(all.replaceAll(/^Description.*$/gm, "Description: x".repeat(20))));
  const repeated = await gzip(new TextEncoder().encode(`${index}${"Description: x\n".repeat(100_000)}`));
  assert.ok(alike.byteLength > 64 * 1024 && repeated.byteLength < 64 * 1024);
  assert.equal((await readPackages(streamOf(alike, 1000), "gz")).size, 5000);
  assert.equal((await readPackages(streamOf(repeated, 1000), "gz")).size, names.length);
});

Deno.test("a small index that unpacks to a gigabyte is not unpacked beyond its limit", async () => {
  const block = new Uint8Array(deflateRawSync(new Uint8Array(1 << 20), { finishFlush: constants.Z_FULL_FLUSH }));
  const head = new Uint8Array([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  const bomb = await new Blob([head, ...Array.from({ length: 1024 }, () => block)]).bytes();
  const lane: RepositoryLane = new TaskLane({ ...tasks, maxBytes: 1 << 27 });
  await assert.rejects(() => readPackages(streamOf(bomb, 64 * 1024), "gz", { lane }), /unpacked it is larger than/);
  assert.ok(tasks.maxBytes < 1 << 30);
});

Deno.test("an index that is being read is given up when the vault closes", async () => {
  const closing = new AbortController();
  const never = new ReadableStream<Bytes>({ pull: () => closing.abort() }, { highWaterMark: 0 });
  await assert.rejects(() => readPackages(never, "none", { signal: closing.signal }), /shutting down/);
});

Deno.test("lists of packages are read in the forms that repositories have them in, and nothing else is", () => {
  const parserOf = createPackageParsers(() => {});
  for (const form of ["", ".gz", ".xz", ".bz2", ".zst"]) {
    assert.ok(parserOf(`main/binary-amd64/Packages${form}`), form);
    assert.ok(parserOf(`Sources${form}`), form);
  }
  for (const other of ["main/Contents-amd64.gz", "main/binary-amd64/Packages.lzma", "Packages.diff/Index"]) {
    assert.equal(parserOf(other), null, other);
  }
});
