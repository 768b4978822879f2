import { createHash } from "node:crypto";
import { decodedPath } from "../../../http/path.ts";
import type { CachedFolder, Shelf } from "../../../shelf.ts";
import { maxDocumentBytes, readWhole } from "../../shared/shelves/read_small.ts";
import { walkFiles } from "../../shared/shelves/walk_files.ts";
import { readDigest } from "../request.ts";
import { ImageShelf } from "./image_shelf.ts";
import type { FoundImage, ImageSource, StrayContent } from "./image_source.ts";

interface Stored {
  readonly path: string;
  /** Below the prefix of the backend. */
  readonly repository: string;
  readonly kind: "manifest" | "blob";
  readonly reference: string;
}

/** Opens what the original Artifact Vault has cached of registries: `REPOSITORY/manifests/…`, `REPOSITORY/blobs/…`. */
export async function openOriginalImages(folder: CachedFolder): Promise<Shelf> {
  const stored: Stored[] = [];
  for await (const path of walkFiles(folder)) {
    const [, repository, noun, reference] = /^(.+)\/(manifests|blobs)\/([^/]+)$/.exec(path) ?? [];
    if (repository === undefined || reference === undefined) continue;
    stored.push({
      path,
      repository,
      kind: noun === "blobs" ? "blob" : "manifest",
      reference: decodedPath(reference),
    });
  }
  return new ImageShelf(new OriginalImages(folder, stored));
}

class OriginalImages implements ImageSource {
  readonly description = "images that the original Artifact Vault has cached";
  readonly #folder: CachedFolder;
  readonly #stored: readonly Stored[];
  /** Any repository may have a digest: its bytes are the same. */
  readonly #byDigest = new Map<string, string>();

  constructor(folder: CachedFolder, stored: readonly Stored[]) {
    this.#folder = folder;
    this.#stored = stored;
    for (const { reference, path } of stored) if (isDigest(reference)) this.#byDigest.set(reference, path);
  }

  /** The digest of a tag's manifest is what its body hashes to: nothing else says it. */
  async *images(): AsyncGenerator<FoundImage> {
    for (const { path, kind, repository, reference } of this.#stored) {
      if (kind === "blob" || isDigest(reference)) continue;
      const file = await this.#folder.find(path);
      if (file === null || file.sizeBytes > maxDocumentBytes) continue;
      const digest = `sha256:${createHash("sha256").update(await readWhole(file)).digest("hex")}`;
      if (!this.#byDigest.has(digest)) this.#byDigest.set(digest, path);
      yield { name: `${this.#folder.name}/${repository}:${reference}`, digest, at: { repository, tag: reference } };
    }
  }

  async *strays(): AsyncGenerator<StrayContent> {
    for (const { path, kind, repository, reference } of this.#stored) {
      const content = isDigest(reference) ? await this.#folder.find(path) : null;
      if (content !== null) yield { repository, kind, digest: reference, content };
    }
  }

  async find(digest: string) {
    const path = this.#byDigest.get(digest);
    return path === undefined ? null : await this.#folder.find(path);
  }
}

function isDigest(reference: string): boolean {
  return readDigest(reference) !== null;
}
