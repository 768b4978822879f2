import { Buffer } from "node:buffer";
import { VaultError } from "../errors.ts";
import { jsonOrNull } from "../http/json.ts";
import { sha256Of } from "./shard.ts";
import type { PrivateKey, PublicKey } from "./signing_key.ts";

const mediaType = "application/vnd.dev.sigstore.bundle.v0.3+json";
const scheme = { name: "ECDSA", hash: "SHA-256" } as const;
/** The bytes of one of the two numbers of a signature. */
const halfBytes = 32;
/** The order n of the curve P-256 (SEC 2 §2.4.2). */
const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
/** A SHA-256 in base64. */
const fingerprintForm = /^[A-Za-z0-9+/]{43}=$/;
export const maxSignatureBytes = 64 * 1024;

/** The content of a signature over `index.json`. */
interface Signature {
  /** The fingerprint of the key. */
  readonly hint: string;
  /** In DER (RFC 3279 §2.2.3), base64. */
  readonly signature: string;
  readonly digest: string;
}

/** Signs a text and prints a Sigstore bundle of version 0.3 (sigstore_bundle.proto) for a managed key. */
export async function sign(text: Uint8Array<ArrayBuffer>, { signing, fingerprint }: PrivateKey): Promise<string> {
  const raw = withLowS(new Uint8Array(await crypto.subtle.sign(scheme, signing, text)));
  const signature = Buffer.from(derOf(raw)).toString("base64");
  return format({ hint: fingerprint, signature, digest: digestOf(text) });
}

/** The fingerprint of the key that a signature says it was made with. Throws `bundle_wrong` where it is malformed. */
export function signerOf(document: string): string {
  return parse(document).hint;
}

/**
 * Verifies a signature over a text with one of some keys, and returns the fingerprint of that key. Throws
 * `bundle_wrong` where none of them has made it.
 */
export async function verify(
  text: Uint8Array<ArrayBuffer>,
  document: string,
  keys: readonly PublicKey[],
): Promise<string> {
  const { hint, signature, digest } = parse(document);
  const key = keys.find(({ fingerprint }) => fingerprint === hint);
  if (key === undefined) {
    const trusted = keys.map(({ fingerprint }) => fingerprint).join(", ");
    throw new VaultError("bundle_wrong", `it is signed by the key ${hint}, and trusted are only ${trusted}`);
  }
  const raw = rawOf(Buffer.from(signature, "base64"));
  const isRight = raw !== null && isLowS(raw) && digest === digestOf(text) &&
    await crypto.subtle.verify(scheme, key.key, raw, text);
  if (!isRight) throw new VaultError("bundle_wrong", `its signature by the key ${hint} does not fit index.json`);
  return hint;
}

function format({ hint, signature, digest }: Signature): string {
  return JSON.stringify({
    mediaType,
    verificationMaterial: { publicKey: { hint } },
    messageSignature: { messageDigest: { algorithm: "SHA2_256", digest }, signature },
  });
}

/** Nothing but what `format` prints is taken, so that no byte of it can be another one. */
function parse(document: string): Signature {
  const value = jsonOrNull(document);
  const { messageDigest, signature } = value?.messageSignature ?? {};
  const parsed = { hint: value?.verificationMaterial?.publicKey?.hint, signature, digest: messageDigest?.digest };
  const isText = Object.values(parsed).every((one) => typeof one === "string");
  const isSound = isText && isBase64(parsed.signature) && fingerprintForm.test(parsed.hint);
  if (isSound && format(parsed) === document) return parsed;
  throw new VaultError("bundle_wrong", "its signature, index.json.sigstore.json, is malformed");
}

function isBase64(text: string): boolean {
  return Buffer.from(text, "base64").toString("base64") === text;
}

function digestOf(text: Uint8Array): string {
  return Buffer.from(sha256Of(text), "hex").toString("base64");
}

/**
 * Of a signature (r, s), (r, n - s) is one as well (SEC 1 §4.1.4): only that with the smaller number is taken, so that no
 * byte of it can be another one.
 */
function isLowS(raw: Uint8Array): boolean {
  return secondNumber(raw) <= order / 2n;
}

function withLowS(raw: Uint8Array): Uint8Array {
  if (isLowS(raw)) return raw;
  const digits = (order - secondNumber(raw)).toString(16).padStart(2 * halfBytes, "0");
  return Uint8Array.from([...raw.subarray(0, halfBytes), ...Buffer.from(digits, "hex")]);
}

function secondNumber(raw: Uint8Array): bigint {
  return BigInt(`0x${Buffer.from(raw.subarray(halfBytes)).toString("hex")}`);
}

/** Two numbers side by side (IEEE P1363) as a sequence of two integers in DER. */
function derOf(raw: Uint8Array): Uint8Array {
  const numbers = [raw.subarray(0, halfBytes), raw.subarray(halfBytes)].flatMap((number) => {
    let at = 0;
    while (at < halfBytes - 1 && number[at] === 0) at++;
    const digits = number[at]! < 0x80 ? [...number.subarray(at)] : [0, ...number.subarray(at)];
    return [0x02, digits.length, ...digits];
  });
  return Uint8Array.from([0x30, numbers.length, ...numbers]);
}

/** The inverse of `derOf`; null for anything that it does not make. */
function rawOf(der: Uint8Array): Uint8Array<ArrayBuffer> | null {
  const raw = new Uint8Array(2 * halfBytes);
  let at = 2;
  for (const half of [1, 2]) {
    const length = der[at + 1] ?? 0;
    const digits = der.subarray(at + 2, at + 2 + length);
    const bare = digits[0] === 0 ? digits.subarray(1) : digits;
    if (bare.byteLength > halfBytes) return null;
    raw.set(bare, half * halfBytes - bare.byteLength);
    at += 2 + length;
  }
  const again = derOf(raw);
  const isSame = again.byteLength === der.byteLength && again.every((byte, index) => byte === der[index]);
  return isSame ? raw : null;
}
