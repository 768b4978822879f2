import { type JsonObject, parseJsonObject } from "../../http/json.ts";

/** The documents of registries, in the words of messages. */
export type DocumentForm = "a manifest" | "a list of tags" | "a list of referrers";

const isOne: Readonly<Record<DocumentForm, (fields: JsonObject) => boolean>> = {
  "a manifest": ({ schemaVersion, mediaType }) => typeof schemaVersion === "number" || typeof mediaType === "string",
  "a list of tags": ({ name, tags }) => Array.isArray(tags) || (tags === null && typeof name === "string"),
  "a list of referrers": ({ manifests }) => manifests === null || Array.isArray(manifests),
};

/** True for the JSON of such a document. */
export function isOfForm(bytes: Uint8Array, form: DocumentForm): boolean {
  const fields = parseJsonObject(bytes);
  return fields !== null && isOne[form](fields);
}

/** The `mediaType` of a manifest (image-spec); null where it has none that is valid in a header. */
export function statedMediaType(bytes: Uint8Array): string | null {
  const mediaType = parseJsonObject(bytes)?.mediaType;
  return typeof mediaType === "string" && /^[\w.+-]+\/[\w.+-]+$/.test(mediaType) ? mediaType : null;
}
