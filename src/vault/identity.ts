import type { Artifact, Fetchable, ListedFile } from "../artifact.ts";
import type { Digest } from "../digest.ts";
import type { HeaderList } from "../http/headers.ts";

type Known = Fetchable["identity"];

/**
 * The digest that the right bytes have, as far as the name or these headers of upstream's tell; null where neither
 * does.
 */
export function digestOf(identity: Known, headers: HeaderList): Digest | null {
  switch (identity.kind) {
    case "digest":
      return identity.digest;
    case "announced":
      return identity.digestIn(headers);
    case "unknown":
      return null;
  }
}

/** The digest that is known before upstream has answered; null where there is none. */
export function givenDigest(identity: Known): Digest | null {
  return identity.kind === "digest" ? identity.digest : null;
}

/** The SHA-256, in hex, of bytes that may serve this artifact wherever they are stored; null where there are none. */
export function reusableSha256(identity: Known): string | null {
  if (identity.kind !== "digest" || identity.reuse === "never") return null;
  return identity.digest.algorithm === "sha256" ? identity.digest.hex : null;
}

/** Returns the artifact without reuse: bytes of another key may not serve it. */
export function withoutReuse(artifact: Fetchable): Fetchable {
  const { identity } = artifact;
  return identity.kind === "unknown" ? artifact : { ...artifact, identity: { ...identity, reuse: "never" } };
}

/** The artifact with what its listing says of it, which is asked now unless it has none. Throws as `Listing.find`. */
export async function askListing(artifact: Artifact): Promise<Fetchable> {
  const { identity, ...rest } = artifact;
  if (identity.kind !== "listed") return { ...rest, identity };
  return withListed(rest, await identity.listing.find());
}

/** A listed file without a digest can still not be a web page. */
function withListed(artifact: Omit<Artifact, "identity">, { digest, ...own }: ListedFile): Fetchable {
  return digest === null
    ? { ...artifact, ...own, identity: { kind: "unknown" }, webPages: "refused" }
    : { ...artifact, ...own, identity: { kind: "digest", digest, reuse: "never" } };
}
