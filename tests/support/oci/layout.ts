import { createHash, type Hash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { PassThrough, Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { type TarEntry, tarOf } from "../tar.ts";
import { createZstdFrame } from "../zstd_frame.ts";

/** An OCI content descriptor. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly platform?: { readonly os: string; readonly architecture: string };
  readonly annotations?: Readonly<Record<string, string>>;
  readonly artifactType?: string;
  readonly urls?: readonly string[];
}

/** A layer and the digest of what it unpacks to. */
export interface Layer {
  readonly descriptor: Descriptor;
  readonly diffId: string;
}

export type Algorithm = "sha256" | "sha512";
export type Compression = "gzip" | "zstd" | "none";

/** A directory of content by digest, in the form of an OCI image layout. */
export class OciLayout {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    for (const algorithm of ["sha256", "sha512"]) Deno.mkdirSync(`${path}/blobs/${algorithm}`, { recursive: true });
    Deno.writeTextFileSync(`${path}/oci-layout`, JSON.stringify({ imageLayoutVersion: "1.0.0" }));
    Deno.writeTextFileSync(`${path}/index.json`, JSON.stringify({ schemaVersion: 2, manifests: [] }));
  }

  /** Where the content with this digest lies. */
  pathOf(digest: string): string {
    return `${this.path}/blobs/${digest.replace(":", "/")}`;
  }

  addBytes(mediaType: string, bytes: Uint8Array, algorithm: Algorithm = "sha256"): Descriptor {
    const digest = `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
    Deno.writeFileSync(this.pathOf(digest), bytes);
    return { mediaType, digest, size: bytes.byteLength };
  }

  addJson(mediaType: string, value: unknown, algorithm?: Algorithm): Descriptor {
    return this.addBytes(mediaType, new TextEncoder().encode(JSON.stringify(value)), algorithm);
  }

  readJson(descriptor: Descriptor): unknown {
    return JSON.parse(Deno.readTextFileSync(this.pathOf(descriptor.digest)));
  }

  /**
   * Adds a layer with these files. A packed one is only wrapped, not made smaller: its size is known, and it is fast.
   */
  async addLayer(
    entries: Readonly<Record<string, TarEntry>>,
    options: { compression?: Compression; algorithm?: Algorithm; mediaType?: string } = {},
  ): Promise<Layer> {
    const { compression = "gzip", algorithm = "sha256", mediaType = layerTypes[compression] } = options;
    const [unpacked, packed] = [createHash(algorithm), createHash(algorithm)];
    const staged = `${this.path}/staged-${crypto.randomUUID()}`;
    const compressor = {
      gzip: () => createGzip({ level: 0 }),
      zstd: createZstdFrame,
      none: () => new PassThrough(),
    };
    await pipeline(
      Readable.from(tarOf(entries)),
      hashing(unpacked),
      compressor[compression](),
      hashing(packed),
      createWriteStream(staged),
    );
    const digest = `${algorithm}:${packed.digest("hex")}`;
    Deno.renameSync(staged, this.pathOf(digest));
    const size = Deno.statSync(this.pathOf(digest)).size;
    return { descriptor: { mediaType, digest, size }, diffId: `${algorithm}:${unpacked.digest("hex")}` };
  }

  /** Gives a manifest or index a tag in the layout itself, for programs that read `oci:<path>:<tag>`. */
  tag(descriptor: Descriptor, tag: string): void {
    const index = JSON.parse(Deno.readTextFileSync(`${this.path}/index.json`)) as { manifests: Descriptor[] };
    index.manifests.push({ ...descriptor, annotations: { "org.opencontainers.image.ref.name": tag } });
    Deno.writeTextFileSync(`${this.path}/index.json`, JSON.stringify(index));
  }
}

const layerTypes: Readonly<Record<Compression, string>> = {
  gzip: "application/vnd.oci.image.layer.v1.tar+gzip",
  zstd: "application/vnd.oci.image.layer.v1.tar+zstd",
  none: "application/vnd.oci.image.layer.v1.tar",
};

function hashing(hash: Hash): Transform {
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      hash.update(chunk);
      done(null, chunk);
    },
  });
}
