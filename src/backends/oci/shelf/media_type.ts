import { asJsonObject, parseJsonObject } from "../../../http/json.ts";
import { dockerManifestType, ociIndexType, ociManifestType } from "../media_types.ts";

/** Returns the media type of a manifest or an index, which OCI's need not have in them (image-spec, "manifest.md"). */
export function mediaTypeIn(bytes: Uint8Array): string {
  const { mediaType, manifests, config } = parseJsonObject(bytes) ?? {};
  if (typeof mediaType === "string") return mediaType;
  if (Array.isArray(manifests)) return ociIndexType;
  const configType = String(asJsonObject(config).mediaType);
  return configType.startsWith("application/vnd.docker.") ? dockerManifestType : ociManifestType;
}
