import { VaultError } from "../../errors.ts";
import { asJsonObject, type JsonObject, parseJsonObject } from "../../http/json.ts";
import type { Expansion, PackageUrl, WarmLine, WarmRequest, WarmSource } from "../../warming.ts";
import { joined, type Served, servedPath } from "../shared/served_path.ts";
import { abbreviatedType } from "./client_form.ts";
import { lockFiles } from "./lock_files.ts";
import { fileNameOf, isPackageName } from "./names.ts";
import { compareVersions } from "./version_order.ts";
import { parseRange, type VersionRange } from "./version_range.ts";

export interface WarmOptions {
  readonly backends: readonly { readonly name: string; readonly prefix: string }[];
  /** What URLs of registries are served as. */
  readonly served: readonly Served[];
}

/** A package, and which of its versions. */
interface Subject {
  readonly name: string;
  /** A version, a tag or a range. */
  readonly wanted: string;
}

/** Packages of npm by name and version, and by the files that have them. */
export function createWarmSource({ backends, served }: WarmOptions): WarmSource {
  return {
    scheme: "npm",
    example: "npm:express@^4",
    options: ["backend"],
    forms: lockFiles,
    pathOf: (url) => servedPath(url, served),
    prefixes: backends.map(({ prefix }) => prefix),
    lineOf({ type, namespace, name, version }: PackageUrl) {
      if (type !== "npm") return null;
      const full = namespace === "" ? name : `${namespace}/${name}`;
      return `npm:${full}${version === "" ? "" : `@${version}`}`;
    },
    expand: (line, expansion) => expand(line, { expansion, prefix: prefixOf(line.options.backend) }),
  };

  function prefixOf(name: string | undefined): string {
    const backend = name === undefined ? backends[0] : backends.find((one) => one.name === name);
    if (backend !== undefined) return backend.prefix;
    const known = backends.map(({ name }) => name).join(", ");
    throw new VaultError("config_invalid", `No backend for npm packages is called "${name}"; there are ${known}`);
  }
}

/** Yields the tarball of one version; its document is read before, and so cached. */
async function* expand(
  line: WarmLine,
  { expansion, prefix }: { expansion: Expansion; prefix: string },
): AsyncGenerator<WarmRequest> {
  const { name, wanted } = parseSubject([line.subject, ...line.words].join(" "));
  const range = parseRange(wanted);
  if ((range?.pinned ?? null) === null) {
    expansion.note("what npm packages depend on is not fetched: name it as well, or use a lock file");
  }
  const chosen = range === null || range.pinned !== null
    ? wanted
    : await newest({ name, wanted, range }, { expansion, prefix });
  const path = joined(prefix, `/${name}/${encodeURIComponent(chosen)}`);
  const document = await expansion.read({ path, label: `${name} document` });
  const { version, tarball } = manifestOf(document.bytes, name);
  const file = fileNameOf(tarball, { name, version });
  yield { path: joined(prefix, `/${name}/-/${file}`), label: `${name}@${version}` };
}

function parseSubject(text: string): Subject {
  const [, name = "", wanted = "latest"] = /^((?:@[^/\s]+\/)?[^@\s]+)(?:@\s*(.+))?$/.exec(text) ?? [];
  if (isPackageName(name)) return { name, wanted: wanted.trim() };
  throw new VaultError(
    "config_invalid",
    `"${text}" is no package; write npm:express@4.18.2, npm:express@^4 or npm:express`,
  );
}

/** The newest version of a range. */
async function newest(
  { name, wanted, range }: Subject & { readonly range: VersionRange },
  { expansion, prefix }: { expansion: Expansion; prefix: string },
): Promise<string> {
  const path = joined(prefix, `/${name}`);
  const document = await expansion.read({ path, headers: { accept: abbreviatedType }, label: `${name} document` });
  const versions = Object.keys(asJsonObject(parseJsonObject(document.bytes)?.versions));
  const [found] = versions.filter((version) => range.includes(version)).toSorted((a, b) => compareVersions(b, a));
  if (found !== undefined) return found;
  throw new VaultError("not_found", `Nothing for "${name}@${wanted}": no version of it is in that range`);
}

function manifestOf(bytes: Uint8Array, name: string): { readonly version: string; readonly tarball: string } {
  const manifest: JsonObject = parseJsonObject(bytes) ?? {};
  const { version } = manifest;
  const { tarball } = asJsonObject(manifest.dist);
  if (typeof version === "string" && typeof tarball === "string") return { version, tarball };
  throw new VaultError("upstream_failed", `The document about ${name} names no tarball`);
}
