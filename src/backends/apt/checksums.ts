import type { DigestAlgorithm } from "../../digest.ts";

/** A hash algorithm with its name in repositories: a field of Release files, and a folder below `by-hash`. */
export interface ChecksumKind {
  readonly algorithm: DigestAlgorithm;
  readonly name: string;
  readonly digestBytes: number;
}

/** The algorithms of Release files, the strongest first. */
export const checksumKinds: readonly ChecksumKind[] = [
  { algorithm: "sha512", name: "SHA512", digestBytes: 64 },
  { algorithm: "sha256", name: "SHA256", digestBytes: 32 },
  { algorithm: "sha1", name: "SHA1", digestBytes: 20 },
  { algorithm: "md5", name: "MD5Sum", digestBytes: 16 },
];

/** A parsed line of a checksum field; `hex` is lower case and of the algorithm's exact length. */
export interface Checksum {
  readonly hex: string;
  readonly sizeBytes: number;
  /** The name as the line has it, perhaps with `./`. */
  readonly name: string;
}

/** Parses a line of a checksum field, `<hex> <size> <name>`; null for anything else. */
export function parseChecksum(line: string, digestBytes: number): Checksum | null {
  const [, hex, size, name] = /^\s*([0-9a-f]+)\s+(\d+)\s+(\S+)\s*$/i.exec(line) ?? [];
  if (hex === undefined || hex.length !== digestBytes * 2) return null;
  return { hex: hex.toLowerCase(), sizeBytes: Number(size), name: name! };
}

/** Normalises a path of an index: drops leading slashes and `./`, and empty and `.` segments. */
export function relativePath(path: string): string {
  if (!/^\.?\/|\/\.?\//.test(path)) return path;
  return path.split("/").filter((segment) => segment !== "" && segment !== ".").join("/");
}
