/** The meaning of a path below the prefix (jsr.io/docs/api, "JSR registry API"). */
export type ModulesRequest =
  /** The versions of a package. */
  | { readonly kind: "package" }
  /** The files of one version, with their digests. */
  | { readonly kind: "version" }
  /** A file; `manifest` is the path of its version's files, `file` its own in the package, decoded. */
  | { readonly kind: "module"; readonly manifest: string; readonly file: string }
  | { readonly kind: "unknown" };

const form = /^\/@[a-z0-9-]+\/[a-z0-9-]+\/(?:(meta\.json)|(\d[\w.+-]*)_meta\.json|(\d[\w.+-]*)(\/.+))$/;

/** Parses a path, as Deno and other clients of JSR ask. */
export function parseRequest(path: string): ModulesRequest {
  const [matched, ofPackage, ofVersion, version, file] = form.exec(path) ?? [];
  if (matched === undefined) return { kind: "unknown" };
  if (ofPackage !== undefined) return { kind: "package" };
  if (ofVersion !== undefined) return { kind: "version" };
  const folder = path.slice(0, -(version!.length + file!.length));
  return { kind: "module", manifest: `${folder}${version}_meta.json`, file: decodeURIComponent(file!) };
}
