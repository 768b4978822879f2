import { parseAccept } from "../../http/accept.ts";
import { dockerListType, dockerManifestType, ociIndexType, ociManifestType } from "./media_types.ts";

/** The forms of a manifest that a client accepts; a tag is cached once for each such class. */
export interface AcceptClass {
  /** Tells its keys from those of other classes; empty for clients that accept every form. */
  readonly keySuffix: string;
  /** The `Accept` header for upstream. */
  readonly accept: string;
}

const forms = [
  { word: "docker", type: dockerManifestType },
  { word: "docker_list", type: dockerListType },
  { word: "oci", type: ociManifestType },
  { word: "oci_index", type: ociIndexType },
];

/** Every form of a manifest, as containerd asks for them. */
export const everyForm: AcceptClass = { keySuffix: "", accept: [...forms.map(({ type }) => type), "*/*"].join(", ") };

/**
 * The class of an `Accept` header (RFC 9110 §12.5.1); one that names no form of a manifest leaves the choice to
 * upstream.
 */
export function acceptClassOf(accept: string | null): AcceptClass {
  const ranges = new Set(parseAccept(accept).filter(({ quality }) => quality > 0).map(({ type }) => type));
  if (ranges.has("*/*") || ranges.has("application/*")) return everyForm;
  const wanted = forms.filter(({ type }) => ranges.has(type));
  if (wanted.length === 0 || wanted.length === forms.length) return everyForm;
  return {
    keySuffix: `?only=${wanted.map(({ word }) => word).join(",")}`,
    accept: wanted.map(({ type }) => type).join(", "),
  };
}

/** The `Accept` header of the class with this list of words in its key suffix; null for the one without a suffix. */
export function acceptOf(words: string): string | null {
  if (words === "") return null;
  const wanted = words.split(",");
  return forms.filter(({ word }) => wanted.includes(word)).map(({ type }) => type).join(", ");
}
