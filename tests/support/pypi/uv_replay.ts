import assert from "node:assert/strict";

/**
 * What uv sends for a project's page (`uv-client`, registry_client.rs, 0.1 to 0.9). It takes compressed answers, as
 * `fetch` does unless told otherwise.
 */
const pageAccept = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";

/** Where the directory of a wheel is looked for, and in what steps the rest is read (remote_metadata.rs). */
const [tailBytes, stepBytes] = [16_384, 8192];

/** A file as uv has it from the page. */
export interface UvFile {
  readonly filename: string;
  readonly url: string;
  readonly sha256: string | undefined;
  readonly hasSidecar: boolean;
  readonly yanked: boolean;
}

/** A page as uv has read it. */
export interface UvPage {
  readonly mediaType: string;
  readonly etag: string | null;
  readonly files: readonly UvFile[];
}

/** Replays, over plain http, the requests that uv sends to an index. Answers it could not use throw. */
export class UvReplay {
  readonly #indexUrl: string;

  constructor(indexUrl: string) {
    this.#indexUrl = indexUrl;
  }

  /** Asks for a project's page and reads it in the form that came. */
  async page(project: string): Promise<UvPage> {
    const response = await fetch(`${this.#indexUrl}/${project}/`, { headers: { accept: pageAccept } });
    assert.equal(response.status, 200, await (response.ok ? "" : response.text()));
    const mediaType = response.headers.get("content-type") ?? "";
    const text = await response.text();
    const files = mediaType.endsWith("+json") ? filesOfJson(text, response.url) : filesOfHtml(text, response.url);
    return { mediaType, etag: response.headers.get("etag"), files };
  }

  /** Asks whether a page it has is still the one; gives the status. */
  async revalidate(project: string, { etag }: UvPage): Promise<number> {
    const headers = { accept: pageAccept, "if-none-match": etag ?? "", "cache-control": "no-cache" };
    const response = await fetch(`${this.#indexUrl}/${project}/`, { headers });
    await response.body?.cancel();
    return response.status;
  }

  /** A wheel's METADATA: from beside it where the page says so, else by ranges from inside it. */
  async metadata(file: UvFile): Promise<string> {
    if (!file.hasSidecar) return await this.#metadataByRange(file);
    const response = await fetch(`${file.url}.metadata`);
    assert.equal(response.status, 200);
    return await response.text();
  }

  /** The whole file. */
  async download({ url }: UvFile): Promise<Uint8Array<ArrayBuffer>> {
    const response = await fetch(url, { headers: { "accept-encoding": "identity" } });
    assert.equal(response.status, 200);
    return await response.bytes();
  }

  async #metadataByRange({ url }: UvFile): Promise<string> {
    const head = await fetch(url, { method: "HEAD", headers: { "accept-encoding": "identity" } });
    assert.deepEqual([head.status, head.headers.get("accept-ranges")], [200, "bytes"], "uv would read the whole wheel");
    const size = Number(head.headers.get("content-length"));
    const tailStart = Math.max(0, size - tailBytes);
    const tail = await readRange(url, { start: tailStart, end: size, size });
    const { offset, length } = findMetadata(tail);
    const end = Math.min(size, offset + Math.ceil(length / stepBytes) * stepBytes);
    const entry = offset >= tailStart
      ? tail.subarray(offset - tailStart)
      : await readRange(url, { start: offset, end, size });
    return readEntry(entry);
  }
}

/** `end` is exclusive. */
async function readRange(
  url: string,
  { start, end, size }: { start: number; end: number; size: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const headers = { range: `bytes=${start}-${end - 1}`, "accept-encoding": "identity" };
  const response = await fetch(url, { headers });
  const bytes = await response.bytes();
  assert.deepEqual([response.status, response.headers.get("content-range")], [
    206,
    `bytes ${start}-${end - 1}/${size}`,
  ]);
  assert.equal(bytes.byteLength, end - start);
  return bytes;
}

function filesOfJson(text: string, base: string): UvFile[] {
  const page = JSON.parse(text) as { files: Record<string, unknown>[] };
  return page.files.map((file) => ({
    filename: String(file.filename),
    url: new URL(String(file.url), base).href,
    sha256: (file.hashes as Record<string, string>).sha256,
    hasSidecar: isAvailable(file["core-metadata"] ?? file["dist-info-metadata"]),
    yanked: isAvailable(file.yanked),
  }));
}

function filesOfHtml(text: string, base: string): UvFile[] {
  return [...text.matchAll(/<a\b([^>]*)>([^<]*)<\/a>/g)].map(([, attributes = "", filename = ""]) => {
    const valueOf = (name: string) => new RegExp(`\\s${name}="([^"]*)"`).exec(attributes)?.[1];
    const url = new URL(valueOf("href") ?? "", base);
    const sha256 = /^#sha256=(\w+)$/.exec(url.hash)?.[1];
    url.hash = "";
    const sidecar = valueOf("data-core-metadata") ?? valueOf("data-dist-info-metadata");
    return {
      filename,
      url: url.href,
      sha256,
      hasSidecar: sidecar !== undefined,
      yanked: / data-yanked/.test(attributes),
    };
  });
}

function isAvailable(value: unknown): boolean {
  return value !== undefined && value !== null && value !== false;
}

/** Where the entry of METADATA begins in the archive, and how long it is, going by the directory at the archive's end. */
function findMetadata(tail: Uint8Array<ArrayBuffer>): { offset: number; length: number } {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  for (let at = 0; at + 46 <= tail.byteLength; at++) {
    if (view.getUint32(at, true) !== 0x02014b50) continue;
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(tail.subarray(at + 46, at + 46 + nameLength));
    if (!name.endsWith(".dist-info/METADATA")) continue;
    return { offset: view.getUint32(at + 42, true), length: view.getUint32(at + 20, true) + 30 + nameLength };
  }
  throw new Error("No METADATA in the directory of the wheel");
}

/** An entry that is not packed. */
function readEntry(entry: Uint8Array<ArrayBuffer>): string {
  const view = new DataView(entry.buffer, entry.byteOffset, entry.byteLength);
  assert.equal(view.getUint32(0, true), 0x04034b50);
  const start = 30 + view.getUint16(26, true) + view.getUint16(28, true);
  return new TextDecoder().decode(entry.subarray(start, start + view.getUint32(18, true)));
}
