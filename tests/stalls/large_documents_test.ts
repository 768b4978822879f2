// Documents of more than 1 MiB are parsed on a thread, with the same result; smaller ones where they are.
import assert from "node:assert/strict";
import { parsePdiffIndex } from "../../src/backends/apt/pdiff.ts";
import { parseRelease, releaseOf } from "../../src/backends/apt/release.ts";
import { tasks } from "../../src/backends/apt/tasks.ts";
import { createDocumentParsers } from "../../src/backends/oci/document_parsers.ts";
import { linksOf } from "../../src/backends/oci/linked_content.ts";
import { TaskLane } from "../../src/backends/shared/tasks/lane.ts";
import type { ReadableBody } from "../../src/document.ts";

const mib = 1024 * 1024;
const sha256 = "a".repeat(64);
const url = "https://upstream.example/document";

function bodyOf(text: string): ReadableBody {
  const bytes = new TextEncoder().encode(text);
  const stream = () => new Blob([bytes]).stream();
  return { headers: [], sizeBytes: bytes.length, url, location: url, bytes: () => Promise.resolve(bytes), stream };
}

/** The result of `work`, and how many threads it started. */
async function counting<T>(work: () => Promise<T>): Promise<{ value: T; threads: number }> {
  const { Worker } = globalThis;
  let threads = 0;
  globalThis.Worker = class extends Worker {
    constructor(...args: ConstructorParameters<typeof Worker>) {
      super(...args);
      threads++;
    }
  };
  try {
    return { value: await work(), threads };
  } finally {
    globalThis.Worker = Worker;
  }
}

function repeated(line: (n: number) => string, sizeBytes: number): string {
  return Array.from({ length: Math.ceil(sizeBytes / line(0).length) }, (_, n) => line(n)).join("");
}

const tagList = (sizeBytes: number) => JSON.stringify({ name: "a/b", tags: ["x".repeat(sizeBytes)] });
const manifest = (sizeBytes: number) =>
  JSON.stringify({
    schemaVersion: 2,
    config: { digest: `sha256:${sha256}` },
    layers: [{ digest: `sha256:${"b".repeat(64)}` }],
    annotations: { text: "x".repeat(sizeBytes) },
  });
const release = (sizeBytes: number) =>
  "Date: Sat, 10 Jun 2023 08:53:33 UTC\nAcquire-By-Hash: yes\nSHA256:\n" +
  repeated((n) => ` ${sha256} 10 main/binary-amd64/${String(n).padStart(9, "0")}\n`, sizeBytes);
const patches = (sizeBytes: number) =>
  `SHA256-Current: ${sha256} 10\nSHA256-Download:\n` +
  repeated((n) => ` ${sha256} 10 ${String(n).padStart(9, "0")}.gz\n`, sizeBytes);

const parsers = createDocumentParsers();
const lane = new TaskLane(tasks, { smallBytes: mib });
const keep = () => {};

async function readRelease(body: ReadableBody) {
  const read = releaseOf(await lane.run({ name: "readRelease", bodies: [body], options: null, coding: "identity" }));
  return shownRelease(read);
}

function shownRelease({ files, ...rest }: ReturnType<typeof releaseOf>) {
  const [first = ""] = files.keys();
  return { ...rest, size: files.size, first: files.get(first) };
}

/** The ways in which large documents are read, with what each should give. */
const cases: Readonly<Record<string, (sizeBytes: number) => [read: () => Promise<unknown>, expected: unknown]>> = {
  "a list of tags": (
    size,
  ) => [async () => await parsers.check("a list of tags").parse(bodyOf(tagList(size)), keep), null],
  "a manifest": (size) => [async () => await parsers.check("a manifest").parse(bodyOf(manifest(size)), keep), null],
  "the links of a manifest": (size) => [
    async () => await parsers.links.parse(bodyOf(manifest(size)), keep),
    linksOf(new TextEncoder().encode(manifest(size))),
  ],
  "a release": (size) => [
    () => readRelease(bodyOf(release(size))),
    shownRelease(releaseOf(parseRelease(new TextEncoder().encode(release(size))))),
  ],
  "an index of patches": (size) => [
    () => lane.run({ name: "readPatches", bodies: [bodyOf(patches(size))], options: null, coding: "identity" }),
    parsePdiffIndex(new TextEncoder().encode(patches(size))),
  ],
};

for (const [name, casesOf] of Object.entries(cases)) {
  Deno.test(`${name} of more than 1 MiB is parsed on a thread, a smaller one is not`, async () => {
    for (const [sizeBytes, threads] of [[mib + 1, 1], [mib / 2, 0]] as const) {
      const [read, expected] = casesOf(sizeBytes);
      const found = await counting(read);
      assert.deepEqual(found, { value: expected, threads });
    }
  });
}

Deno.test("a large document of another form is refused on its thread", async () => {
  const read = parsers.check("a list of tags").parse(bodyOf(manifest(mib + 1)), keep);
  await assert.rejects(async () => await read, /upstream sent something else than a list of tags/);
});
