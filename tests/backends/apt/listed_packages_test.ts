import assert from "node:assert/strict";
import { readList } from "../../../src/backends/apt/shelf/listed_packages.ts";
import { DocumentTooLarge } from "../../../src/backends/shared/unpack.ts";

interface CountedFile {
  readonly file: Parameters<typeof readList>[0];
  /** How often it was read from its beginning. */
  reads: number;
}

function fileOf(bytes: Uint8Array<ArrayBuffer>): CountedFile {
  const counted: CountedFile = {
    reads: 0,
    file: {
      ...{ path: "Packages", sizeBytes: bytes.byteLength, modifiedAt: 0 },
      stream() {
        counted.reads++;
        return new Blob([bytes]).stream();
      },
    },
  };
  return counted;
}

async function gzipped(text: string): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"))).bytes();
}

const wanted = Array.from({ length: 1000 }, (_, at) => ({
  path: `pool/${at}.deb`,
  sha256: at.toString(16).padStart(64, "0"),
}));
const list = wanted.map(({ path, sha256 }) => `Package: x\nFilename: ${path}\nSHA256: ${sha256}\n`).join("\n");
const sources = `Directory: pool\nChecksums-Sha256:\n${
  wanted.map(({ path, sha256 }) => ` ${sha256} 1 ${path.slice("pool/".length)}`).join("\n")
}\n`;

for (
  const [what, name, text] of [
    ["a list", "main/binary-amd64/Packages", list],
    ["a packed list", "main/binary-amd64/Packages.gz", list],
    ["a list whose packages are all in one stanza", "main/source/Sources.gz", sources],
  ] as const
) {
  Deno.test(`${what} with more packages than are in memory at a time is read piece by piece, in order`, async () => {
    const source = fileOf(name.endsWith(".gz") ? await gzipped(text) : new TextEncoder().encode(text));
    const limits = { maxBytes: 1_000_000, maxPackages: 1000, pieceLength: 20_000 };
    assert.deepEqual(await Array.fromAsync(readList(source.file, name, limits)), wanted);
    assert.ok(source.reads >= 3, `read ${source.reads} times`);
  });
}

Deno.test("a list is read once where its packages fit, and one with too many bytes or packages is refused", async () => {
  const source = fileOf(await gzipped(list));
  assert.equal((await Array.fromAsync(readList(source.file, "Packages.gz"))).length, 1000);
  assert.equal(source.reads, 1);
  const limits = { maxBytes: 1_000_000, maxPackages: 1000, pieceLength: 20_000 };
  for (const tight of [{ maxBytes: 10_000 }, { maxPackages: 999 }]) {
    const read = Array.fromAsync(readList(source.file, "Packages.gz", { ...limits, ...tight }));
    await assert.rejects(read, DocumentTooLarge);
  }
});
