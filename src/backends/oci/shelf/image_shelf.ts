import type { Shelf, ShelfItem, ShelfTarget } from "../../../shelf.ts";
import { lacking } from "../../shared/shelves/lacking.ts";
import { respondWithBytes, respondWithFile } from "../../shared/shelves/file_response.ts";
import { everyForm } from "../accept.ts";
import { mediaTypeIn } from "./media_type.ts";
import { createdAt } from "./image_age.ts";
import { bytesOf, collectParts } from "./image_links.ts";
import { type FoundImage, type ImageContent, type ImageSource, sizeOf } from "./image_source.ts";
import { type Place, placeOf } from "./image_place.ts";
import { formatReference, parseRenamed, type Reference, renamable } from "./reference.ts";

/** A registry in front of the images of a foreign source. */
export class ImageShelf implements Shelf {
  readonly description: string;
  readonly #source: ImageSource;
  /** The image that is imported now, and the tag that leads to it: other registries may have the same names. */
  #tagged: { readonly tag: string; readonly digest: string } | null = null;

  /** The paths of all content that was requested, where what is left is requested, too. */
  readonly #asked = new Set<string>();

  constructor(source: ImageSource) {
    this.description = source.description;
    this.#source = source;
  }

  readonly fetch: Shelf["fetch"] = async (request) => {
    const [, noun, reference = ""] = /\/(manifests|blobs)\/([^/]+)$/.exec(new URL(request.url).pathname) ?? [];
    const written = decodeURIComponent(reference);
    const digest = this.#tagged?.tag === written && noun === "manifests" ? this.#tagged.digest : written;
    const content = noun === undefined ? null : await this.#source.find(digest);
    if (content === null) throw lacking(request);
    if (noun === "blobs" && !(content instanceof Uint8Array)) {
      return respondWithFile(request, content, { "content-type": "application/octet-stream" });
    }
    const bytes = await bytesOf(content);
    const contentType = noun === "blobs" ? "application/octet-stream" : mediaTypeIn(bytes);
    return respondWithBytes(request, bytes, { "content-type": contentType, "docker-content-digest": digest });
  };

  async *names(): AsyncGenerator<string> {
    for await (const { name, digest } of this.#source.images()) yield* renamable(name ?? digest);
  }

  async *items(target: ShelfTarget): AsyncGenerator<ShelfItem> {
    for await (const image of this.#source.images()) {
      const wanted = image.at === undefined ? wantedByName(image, target) : wantedAt(image, target);
      if (typeof wanted !== "string") yield* this.#image(image, wanted, target);
      else yield { kind: "left_out", name: image.name ?? image.digest, reason: wanted };
    }
    for await (const stray of this.#source.strays?.() ?? []) {
      const place = placeBelow(stray.repository, target);
      const path = `${place}/${nounOf(stray)}/${stray.digest}`;
      if (!this.#asked.has(path)) yield requestFor(stray, path, stray.repository);
    }
  }

  async *#image(image: FoundImage, wanted: Wanted, target: ShelfTarget): AsyncGenerator<ShelfItem> {
    const { name, tag } = wanted;
    const { parts, missing } = await collectParts(this.#source, image.digest);
    if (parts === null) {
      return yield { kind: "left_out", name, reason: `the source does not have all of it: ${listed(missing)} missing` };
    }
    const place = await wanted.place();
    if ("refusal" in place) return yield { kind: "left_out", name, reason: place.refusal };
    const top = `${place.path}/manifests/${tag}`;
    const newer = await this.#newerCached(place.path, top, { image, target });
    if (newer !== null) return yield { kind: "kept", name, reason: newer };
    const paths = parts.map((part) => `${place.path}/${nounOf(part)}/${part.digest}`);
    if (this.#source.strays !== undefined) { for (const path of paths) this.#asked.add(path); }
    yield* requestsFor(parts.slice(0, -1), paths, name);
    this.#tagged = { tag, digest: image.digest };
    const headers = { accept: everyForm.accept, "cache-control": "no-cache" };
    yield {
      ...requestFor(parts.at(-1)!, top, name),
      name,
      request: { path: top, headers },
      needs: name,
      mayChange: true,
    };
    yield { kind: "wait" };
    this.#tagged = null;
    if (missing.length > 0) {
      const reason = `of its index the source has only a part, so other platforms are not there`;
      yield { kind: "kept", name, reason };
    }
    if (image.caveat !== undefined) yield { kind: "kept", name, reason: image.caveat };
  }

  /** Says that the cached image of this tag is newer, as far as configs of images tell; null where it is not. */
  async #newerCached(
    path: string,
    tagPath: string,
    { image, target }: { readonly image: FoundImage; readonly target: ShelfTarget },
  ): Promise<string | null> {
    const headers = { accept: everyForm.accept };
    const readCached = async (path: string) => {
      const response = await target.askCached({ path, headers });
      if (response.ok) return new Uint8Array(await response.arrayBuffer());
      await response.body?.cancel();
      return null;
    };
    const cached = await readCached(tagPath);
    const own = await this.#source.find(image.digest);
    if (cached === null || own === null) return null;
    const [before, now] = [
      await createdAt(cached, (noun, digest) => readCached(`${path}/${noun}/${digest}`)),
      await createdAt(await bytesOf(own), async (_, digest) => {
        const found = await this.#source.find(digest);
        return found && await bytesOf(found);
      }),
    ];
    if (before === null || now === null || before <= now) return null;
    const [cachedDay, ownDay] = [before, now].map((time) => new Date(time).toISOString().slice(0, 19));
    return `the cached image was made at ${cachedDay}Z, this one at ${ownDay}Z; purge the cached one first to have this one`;
  }
}

/** How an image is called, and where the vault serves it. */
interface Wanted {
  readonly name: string;
  readonly tag: string;
  place(): Promise<Place>;
}

function wantedByName(image: FoundImage, target: ShelfTarget): Wanted | string {
  const reference = referenceOf(image, target);
  if (typeof reference === "string") return reference;
  const place = () => placeOf(reference, image.digest, target);
  return { name: formatReference(reference), tag: reference.tag, place };
}

function wantedAt({ name, digest, at }: FoundImage, target: ShelfTarget): Wanted {
  const { repository, tag } = at!;
  const path = placeBelow(repository, target);
  return { name: name ?? digest, tag, place: () => Promise.resolve({ path }) };
}

function placeBelow(repository: string, { backends }: ShelfTarget): string {
  const { prefix } = backends[0]!;
  return `${prefix === "/" ? "" : prefix}/${repository}`;
}

function nounOf({ kind }: ImageContent): "manifests" | "blobs" {
  return kind === "manifest" ? "manifests" : "blobs";
}

/** The blobs, and then manifest by manifest what lists them. */
function* requestsFor(
  parts: readonly ImageContent[],
  paths: readonly string[],
  image: string,
): Generator<ShelfItem> {
  for (const [at, part] of parts.entries()) {
    if (part.kind === "blob") yield { ...requestFor(part, paths[at]!, image), needs: image };
  }
  yield { kind: "wait" };
  for (const [at, part] of parts.entries()) {
    if (part.kind === "blob") continue;
    yield { ...requestFor(part, paths[at]!, image), needs: image };
    yield { kind: "wait" };
  }
}

function requestFor(part: ImageContent, path: string, image: string): Extract<ShelfItem, { kind: "request" }> {
  const headers = { accept: part.kind === "manifest" ? everyForm.accept : "*/*" };
  const name = `${image} ${part.kind} ${part.digest.slice(0, 19)}`;
  const file = part.content instanceof Uint8Array ? {} : { file: part.content.path };
  return { kind: "request", name, sizeBytes: sizeOf(part.content), ...file, request: { path, headers } };
}

/**
 * Parses the name of an image; a text where there is none, or no usable one. A name without a slash and a colon is a tag
 * alone, unless the user says what it means.
 */
function referenceOf({ name, digest }: FoundImage, { renamed }: ShelfTarget): Reference | string {
  const written = name ?? digest;
  const isName = renamed.has(written) || name !== null && /[/:]/.test(name);
  if (isName) return parseRenamed(written, renamed) ?? `"${written}" is not the name of an image`;
  return `the source does not say which image it is; say so with --map ${written}=docker.io/library/NAME:TAG`;
}

function listed(digests: readonly string[]): string {
  const [first = "", ...others] = digests;
  return others.length === 0 ? `${first} is` : `${first} and ${others.length} more are`;
}
