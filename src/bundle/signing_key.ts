import { Buffer } from "node:buffer";
import { messageOf, VaultError } from "../errors.ts";

const algorithm = { name: "ECDSA", namedCurve: "P-256" } as const;

/** A pair of keys for bundles, in PEM. */
export interface KeyPair {
  /** PKCS #8 (RFC 5958). */
  readonly privatePem: string;
  /** SubjectPublicKeyInfo (RFC 5280 §4.1). */
  readonly publicPem: string;
}

/** A public key by which bundles are verified. */
export interface PublicKey {
  readonly key: CryptoKey;
  /** The SHA-256 of its DER form, in base64: it names the key. */
  readonly fingerprint: string;
}

export interface PrivateKey extends PublicKey {
  readonly signing: CryptoKey;
}

/** Makes a pair of ECDSA keys on the curve P-256. */
export async function createKeyPair(): Promise<KeyPair> {
  const pair = await crypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const [secret, open] = [
    await crypto.subtle.exportKey("pkcs8", pair.privateKey),
    await crypto.subtle.exportKey("spki", pair.publicKey),
  ];
  return { privatePem: pemOf("PRIVATE KEY", secret), publicPem: pemOf("PUBLIC KEY", open) };
}

/** Reads a public key in PEM; that of a private one is taken as well. Throws `config_invalid`, which names `path`. */
export async function readPublicKey(pem: string, path: string): Promise<PublicKey> {
  if (/-----BEGIN PRIVATE KEY-----/.test(pem)) return await readPrivateKey(pem, path);
  try {
    const der = derOf(pem, "PUBLIC KEY");
    const key = await crypto.subtle.importKey("spki", der, algorithm, true, ["verify"]);
    return { key, fingerprint: await fingerprintOf(der) };
  } catch (error) {
    throw noKey("public", path, error);
  }
}

/** Reads a private key in PEM. Throws `config_invalid`, which names `path`. */
export async function readPrivateKey(pem: string, path: string): Promise<PrivateKey> {
  try {
    const signing = await crypto.subtle.importKey("pkcs8", derOf(pem, "PRIVATE KEY"), algorithm, true, ["sign"]);
    const { d: _, key_ops: __, ...open } = await crypto.subtle.exportKey("jwk", signing);
    const key = await crypto.subtle.importKey("jwk", open, algorithm, true, ["verify"]);
    const fingerprint = await fingerprintOf(await crypto.subtle.exportKey("spki", key));
    return { signing, key, fingerprint };
  } catch (error) {
    throw noKey("private", path, error);
  }
}

/** The public half of a key, in PEM. */
export async function publicPemOf({ key }: PublicKey): Promise<string> {
  return pemOf("PUBLIC KEY", await crypto.subtle.exportKey("spki", key));
}

function noKey(half: "public" | "private", path: string, cause: unknown): VaultError {
  const made = half === "private" ? "NAME.pem" : "NAME.pub.pem";
  return new VaultError(
    "config_invalid",
    `"${path}" is no ${half} ECDSA P-256 key in PEM (${messageOf(cause)}); ` +
      `artifact-vault bundle key new NAME makes one, as ${made}`,
    { cause },
  );
}

async function fingerprintOf(der: BufferSource): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", der);
  return Buffer.from(digest).toString("base64");
}

function derOf(pem: string, label: string): Uint8Array<ArrayBuffer> {
  const [, base64] = new RegExp(`-----BEGIN ${label}-----([A-Za-z0-9+/=\\s]+)-----END ${label}-----`).exec(pem) ?? [];
  if (base64 === undefined) throw new Error(`there is no ${label}`);
  return new Uint8Array(Buffer.from(base64, "base64"));
}

function pemOf(label: string, der: ArrayBuffer): string {
  const lines = Buffer.from(der).toString("base64").match(/.{1,64}/g)!;
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}
