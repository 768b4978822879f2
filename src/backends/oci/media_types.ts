import { type HeaderList, headerOf } from "../../http/headers.ts";

export const dockerManifestType = "application/vnd.docker.distribution.manifest.v2+json";
export const dockerListType = "application/vnd.docker.distribution.manifest.list.v2+json";
export const ociManifestType = "application/vnd.oci.image.manifest.v1+json";
export const ociIndexType = "application/vnd.oci.image.index.v1+json";
/** Docker's first schema, of which digests leave out the signatures in it. */
export const signedManifestType = "application/vnd.docker.distribution.manifest.v1+prettyjws";

const indexTypes: ReadonlySet<string> = new Set([ociIndexType, dockerListType]);

/** Says whether a body is an index of manifests, by its `Content-Type`. */
export function isIndex(headers: HeaderList): boolean {
  return indexTypes.has(mediaTypeOf(headers));
}

/** The `Content-Type` without its parameters, in lower case; empty where there is none. */
export function mediaTypeOf(headers: HeaderList): string {
  return (headerOf(headers, "content-type") ?? "").split(";", 1)[0]!.trim().toLowerCase();
}
