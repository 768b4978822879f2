import type { Parser } from "../../document.ts";
import { VaultError } from "../../errors.ts";
import { type JsonObject, parseJsonObject } from "../../http/json.ts";

/** Registries take manifests of 4 MiB (distribution-spec, "Pushing Manifests"), some of more. */
export const maxDocumentBytes = 16 * 1024 * 1024;

/** Throws `upstream_failed` for a document that is no manifest: it has neither a schema version nor a media type. */
export const manifestCheck = checkOf(
  "a manifest",
  ({ schemaVersion, mediaType }) => typeof schemaVersion === "number" || typeof mediaType === "string",
);

/** Throws `upstream_failed` for a document that is no list of tags. */
export const tagListCheck = checkOf(
  "a list of tags",
  ({ name, tags }) => Array.isArray(tags) || (tags === null && typeof name === "string"),
);

/** Throws `upstream_failed` for a document that is no list of referrers. */
export const referrersCheck = checkOf(
  "a list of referrers",
  ({ manifests }) => manifests === null || Array.isArray(manifests),
);

/** The `mediaType` of a manifest (image-spec); null where it has none that is valid in a header. */
export function statedMediaType(bytes: Uint8Array): string | null {
  const mediaType = parseJsonObject(bytes)?.mediaType;
  return typeof mediaType === "string" && /^[\w.+-]+\/[\w.+-]+$/.test(mediaType) ? mediaType : null;
}

function checkOf(what: string, isOne: (fields: JsonObject) => boolean): Parser<null> {
  return {
    name: `check of ${what}`,
    maxBytes: maxDocumentBytes,
    async parse(body) {
      const fields = parseJsonObject(await body.bytes());
      if (fields !== null && isOne(fields)) return null;
      throw new VaultError("upstream_failed", `Cannot use "${body.url}": upstream sent something else than ${what}`);
    },
    sizeOf: () => 0,
  };
}
