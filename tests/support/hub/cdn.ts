import { createHmac } from "node:crypto";
import { RecordingServer } from "../recording_server.ts";
import { parseRanges } from "../../../src/http/range.ts";
import { fileResponse } from "./file_response.ts";
import type { HubFile } from "./hub_file.ts";

/** The server that has the bytes of large files, at signed URLs, on another host than the Hub. It knows no metadata. */
export class HubCdn {
  readonly server: RecordingServer;
  /** A GET for more bytes than this is refused, as the real one refuses 50 GB. */
  mostBytes = Infinity;
  /** Replaces what is sent. */
  tamper: ((chunk: Uint8Array<ArrayBuffer>, offset: number) => Uint8Array<ArrayBuffer>) | null = null;
  /** Awaited before the head of an answer. */
  beforeHead: (() => Promise<void>) | null = null;
  /** Awaited before each chunk; where it rejects, the connection breaks. */
  beforeChunk: ((offset: number) => Promise<void> | void) | null = null;
  readonly #find: (sha256: string) => HubFile | null;
  #generation = 0;

  constructor(find: (sha256: string) => HubFile | null) {
    this.#find = find;
    this.server = new RecordingServer((request) => this.#answer(request), { hostname: "127.0.0.2" });
  }

  /** All URLs that were signed so far end now. */
  expireUrls(): void {
    this.#generation++;
  }

  urlOf(file: HubFile): string {
    const path = `/repos/${file.sha256}`;
    return `${this.server.url}${path}?Expires=${this.#generation}&Signature=${signature(path, this.#generation)}`;
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (request.headers.has("authorization")) return new Response("credentials are not for the CDN", { status: 400 });
    const isSigned = searchParams.get("Signature") === signature(pathname, this.#generation);
    if (!isSigned) return new Response("<Error>Request has expired</Error>", { status: 403 });
    const file = this.#find(pathname.slice("/repos/".length));
    if (file === null) return new Response("not here", { status: 404 });
    await this.beforeHead?.();
    const range = parseRanges(request.headers.get("range"))?.[0];
    const last = range?.kind === "from" ? range.last ?? file.sizeBytes - 1 : file.sizeBytes - 1;
    const wanted = last + 1 - (range?.kind === "from" ? range.first : 0);
    if (request.method === "GET" && Math.min(wanted, file.sizeBytes) > this.mostBytes) {
      return new Response("too large", { status: 400 });
    }
    return fileResponse(request, file, {
      headers: { "content-type": "application/octet-stream", etag: `"cdn-${file.sha256.slice(0, 16)}"` },
      ...this.tamper && { tamper: this.tamper },
      ...this.beforeChunk && { before: this.beforeChunk },
    });
  }
}

function signature(path: string, generation: number): string {
  return createHmac("sha256", "the CDN's own").update(`${path} ${generation}`).digest("hex");
}
