import type { Member, MemberSource } from "../archive/member_source.ts";
import { VaultError } from "../errors.ts";
import { jsonOrNull } from "../http/json.ts";
import { blobName, emptyConfig } from "./blob_name.ts";
import { type Fact, parseFact } from "./fact.ts";
import { type Descriptor, type IndexDocument, layoutText, maxIndexBytes, parseIndex } from "./index_document.ts";
import { ReusedBytes } from "./reused_bytes.ts";
import { maxShardBytes, sha256Of, ShardBuffers, ShardBuilder, type ShardHeader } from "./shard.ts";
import { maxSignatureBytes, signerOf, verify } from "./signature.ts";
import type { PublicKey } from "./signing_key.ts";
import { headNames } from "./write_bundle.ts";

/** Whose bundles are taken. */
export interface Trust {
  /** Every bundle must be signed with one of them; none where signatures are not verified. */
  readonly keys: readonly PublicKey[];
  /** True refuses all bundles where no key is trusted. */
  readonly isRequired: boolean;
}

/** What is known of the signature of a bundle; `key` is a fingerprint. */
export type Signed =
  | { readonly kind: "verified"; readonly key: string }
  | { readonly kind: "unverified"; readonly key: string }
  | { readonly kind: "unsigned" };

export interface BundleHead {
  readonly index: IndexDocument;
  /** The SHA-256 of `index.json`, which names all bytes of the bundle. */
  readonly indexSha256: string;
  readonly signed: Signed;
}

export interface ReadShard {
  readonly header: ShardHeader;
  readonly facts: readonly Fact[];
  /** The document of facts, as it is in the bundle; valid until the next shard. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Reads what stands at the beginning of a bundle, and verifies its signature. Throws as `MemberSource.open`. */
export async function readHead(source: MemberSource, trust: Trust): Promise<BundleHead> {
  const layout = await readMember(source, headNames.layout, { most: layoutText.length });
  if (new TextDecoder().decode(layout) !== layoutText) {
    throw new VaultError("bundle_wrong", "its oci-layout is unknown");
  }
  const bytes = await readMember(source, headNames.index, { most: maxIndexBytes });
  const signature = await source.has(headNames.signature)
    ? new TextDecoder().decode(await readMember(source, headNames.signature, { most: maxSignatureBytes }))
    : null;
  const signed = await checkSignature(bytes, signature, trust);
  const index = parseIndex(new TextDecoder().decode(bytes));
  return { index, indexSha256: sha256Of(bytes), signed };
}

/**
 * Yields the shards of a bundle. Each is made again from its facts and compared, so that nothing else is in its
 * documents. Throws as `MemberSource.open`.
 */
export async function* readShards(source: MemberSource, index: IndexDocument): AsyncGenerator<ReadShard> {
  const { dockerManifest } = index;
  if (dockerManifest !== null) {
    await readPinned(source, dockerManifest, { name: headNames.docker, most: maxIndexBytes });
  }
  const empty = { sha256: emptyConfig.sha256, sizeBytes: emptyConfig.bytes.byteLength };
  await readPinned(source, empty, { most: empty.sizeBytes });
  const numbers = new Map<string, number>();
  const buffers = new ShardBuffers();
  const [manifestBytes, factBytes] = [new ReusedBytes(), new ReusedBytes()];
  for (const pinned of index.shards) {
    const manifest = await readPinned(source, pinned, { most: maxShardBytes, into: manifestBytes });
    const bytes = await readPinned(source, factsOf(manifest), { most: maxShardBytes, into: factBytes });
    const shard = parseShard(bytes);
    const { backend, number } = shard.header;
    // Else one small file could be read any number of times.
    if (number !== (numbers.get(backend) ?? 0) + 1) {
      throw new VaultError("bundle_wrong", "a shard of it is out of order");
    }
    numbers.set(backend, number);
    const again = new ShardBuilder(shard.header, buffers);
    for (const fact of shard.facts) again.add(fact);
    if (!isSame(again.build().manifest, manifest)) throw new VaultError("bundle_wrong", "a shard of it is malformed");
    yield shard;
  }
}

/** Parses a document of facts. Throws `bundle_wrong`. */
export function parseShard(bytes: Uint8Array<ArrayBuffer>): ReadShard {
  const [first = "", ...lines] = decode(bytes).split("\n");
  const header = headerOf(first);
  if (header === null || lines.pop() !== "") throw new VaultError("bundle_wrong", "facts of it are malformed");
  return { header, facts: lines.map((line) => parseFact(line, header.backend)), bytes };
}

async function checkSignature(text: Uint8Array<ArrayBuffer>, signature: string | null, trust: Trust): Promise<Signed> {
  if (trust.keys.length > 0) {
    if (signature === null) {
      throw new VaultError(
        "bundle_wrong",
        "it is not signed, and only bundles that are signed with a trusted key are taken; export it with --sign KEY",
      );
    }
    return { kind: "verified", key: await verify(text, signature, trust.keys) };
  }
  if (trust.isRequired) {
    throw new VaultError(
      "bundle_wrong",
      "bundles.require_signature is on and no key is trusted; name one with --trust PUB, or in bundles.trust",
    );
  }
  return signature === null ? { kind: "unsigned" } : { kind: "unverified", key: signerOf(signature) };
}

interface ReadOptions {
  /** More bytes are refused. */
  readonly most: number;
  /** Memory of its own when absent. */
  readonly into?: ReusedBytes;
}

/** The whole bytes of a member. */
async function readMember(
  source: MemberSource,
  name: string,
  { sizeBytes, most, into = new ReusedBytes() }: ReadOptions & { readonly sizeBytes?: number },
): Promise<Uint8Array<ArrayBuffer>> {
  const member = await source.open(name, sizeBytes);
  if (member === null) throw new VaultError("bundle_interrupted", `"${name}" is missing; copy the whole directory`);
  if (member.sizeBytes > most) {
    throw new VaultError("bundle_wrong", `"${name}" has ${member.sizeBytes} bytes, and at most ${most} are taken`);
  }
  return await wholeOf(member, into);
}

async function wholeOf(member: Member, into: ReusedBytes): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = into.take(member.sizeBytes);
  let at = 0;
  for (let chunk; (chunk = await member.next()) !== null; at += chunk.byteLength) {
    if (at + chunk.byteLength > bytes.byteLength) {
      throw new VaultError("bundle_wrong", "a file of it has grown meanwhile");
    }
    bytes.set(chunk, at);
  }
  return bytes;
}

async function readPinned(
  source: MemberSource,
  { sha256, sizeBytes }: Descriptor,
  { name = blobName(sha256), ...options }: ReadOptions & { readonly name?: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await readMember(source, name, { sizeBytes, ...options });
  if (sha256Of(bytes) === sha256) return bytes;
  throw new VaultError("bundle_wrong", `the bytes of "${name}" do not fit their digest`);
}

/** The document of facts that a manifest names first. */
function factsOf(manifest: Uint8Array): Descriptor {
  const layer = jsonOrNull(decode(manifest))?.layers?.[0];
  const [, sha256] = /^sha256:([0-9a-f]{64})$/.exec(String(layer?.digest)) ?? [];
  if (sha256 !== undefined && Number.isSafeInteger(layer.size) && layer.size >= 0) {
    return { sha256, sizeBytes: layer.size };
  }
  throw new VaultError("bundle_wrong", "the manifest of a shard is malformed");
}

function headerOf(line: string): ShardHeader | null {
  const value = jsonOrNull(line);
  const { backend, type, configuration, number } = value ?? {};
  const isSound = [backend, type].every((text) => typeof text === "string" && /^[\x20-\x7e]{1,200}$/.test(text)) &&
    Number.isSafeInteger(number) && JSON.stringify({ backend, type, configuration, number }) === line;
  return isSound ? { backend, type, configuration, number } : null;
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new VaultError("bundle_wrong", "a document of it is not text", { cause: error });
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}
