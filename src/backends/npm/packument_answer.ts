import { createHash } from "node:crypto";
import type { CachingPolicy } from "../../artifact.ts";
import type { BackendRequest, Resolved } from "../../backend.ts";
import type { VaultReader } from "../../reader.ts";
import { VaultError } from "../../errors.ts";
import { type HeaderList, headerOf } from "../../http/headers.ts";
import { madeArtifact } from "../shared/made_document.ts";
import { abbreviatedType, formOf, swapsRegistry, takesGzip } from "./client_form.ts";
import type { CachedTarballs } from "./cached_tarballs.ts";
import { nameOfShown, type PackumentRead, type PackumentReader, type Wanted } from "./packument_reader.ts";
import type { Part } from "./packument_work.ts";
import type { Registries } from "./registries.ts";
import type { ReleaseAge } from "./release_age.ts";
import type { Links } from "./write_packument.ts";

/** Where the tarballs of documents are for clients. */
export interface TarballUrls {
  /** `auto` chooses by the client. */
  readonly mode: "auto" | "vault" | "public";
  /** The URL of the public registry, without a slash at its end; null where upstream's URLs stay. */
  readonly publicRegistry: string | null;
}

export interface PackumentAnswersOptions {
  readonly backend: string;
  readonly policy: CachingPolicy;
  readonly ttlMs: number;
  readonly tarballUrls: TarballUrls;
  readonly registries: Registries;
  readonly packuments: PackumentReader;
  readonly ages: ReleaseAge;
  /** Finds what is cached of a package, where nothing else is shown; null where all is. */
  readonly cached: CachedTarballs | null;
}

/** Changes with how documents are written: the same document then has another ETag. */
const writing = 1;
/** Clients keep a document for so long at most: new versions should appear. */
const mostFreshSeconds = 300;

/** Answers what clients ask about packages, from the documents about them. */
export class PackumentAnswers {
  readonly #options: PackumentAnswersOptions;

  constructor(options: PackumentAnswersOptions) {
    this.#options = options;
  }

  /** The document about a package, in the form that the client asks for. Throws as the vault does. */
  document(name: string, request: BackendRequest, vault: VaultReader): Promise<Resolved> {
    return this.part(name, { kind: formOf(request.headers.get("accept")) }, { request, vault });
  }

  /** A part of it. Throws as the vault does, and `not_found` for a version that is not there. */
  async part(
    name: string,
    part: Part,
    { request, vault }: { request: BackendRequest; vault: VaultReader },
  ): Promise<Resolved> {
    const { packuments } = this.#options;
    const hidden = await this.#hidden(name, vault);
    const files = await this.#options.cached?.of(name, vault) ?? null;
    const packs = takesGzip(request.headers.get("accept-encoding"));
    const wanted: Wanted = { name, part, packs, shown: { links: this.#linksFor(name, request), hidden, files } };
    const read = await packuments.made(wanted, vault);
    const { value, source } = read;
    const headers = this.#headers(wanted, read);
    switch (value.kind) {
      case "absent":
        throw absent(name, part);
      case "bytes":
        return { kind: "document", document: { headers, bytes: value.bytes, source } };
      case "large":
        return { ...this.#large(wanted, { headers, read }, vault), source };
    }
  }

  #large(
    wanted: Wanted,
    { headers, read }: { headers: HeaderList; read: PackumentRead<unknown> },
    vault: VaultReader,
  ) {
    const { backend, policy, packuments } = this.#options;
    const etag = headerOf(headers, "etag")!;
    return madeArtifact({
      backend,
      key: `/${wanted.name};made=${etag.slice(1, -1)}`,
      url: read.source.upstream,
      policy,
      headers: headers.filter(([name]) => name !== "etag"),
      make: async () => ({ headers, bytes: await packuments.madeLarge(wanted, read.sha256, vault) }),
    });
  }

  async #hidden(name: string, vault: VaultReader): Promise<readonly string[]> {
    const { ages, packuments } = this.#options;
    if (!ages.appliesTo(name)) return [];
    const { value, registry } = await packuments.facts(name, vault);
    return ages.hidden(name, value, registry.url).map(({ version }) => version);
  }

  #linksFor(name: string, { origin = "", base, headers }: BackendRequest): Links {
    const { mode, publicRegistry } = this.#options.tarballUrls;
    const isPublic = !this.#options.registries.hasOwn(name);
    const registry: Links | null = isPublic && publicRegistry !== null
      ? { kind: "registry", base: publicRegistry }
      : null;
    if (mode === "public") return registry ?? { kind: "as_sent" };
    if (mode === "auto" && registry !== null && swapsRegistry(headers.get("user-agent"))) return registry;
    return { kind: "vault", base: origin + base };
  }

  #headers({ name, part, shown, packs }: Wanted, read: PackumentRead<unknown>): HeaderList {
    const { sha256, headers } = read;
    const variant = JSON.stringify([writing, sha256, part, nameOfShown(shown), packs]);
    const etag = createHash("sha256").update(variant).digest("hex").slice(0, 32);
    const { ages, cached } = this.#options;
    // What is shown of a document may change when the document itself does not.
    const isUpstreams = !ages.appliesTo(name) && cached === null;
    const lastModified = isUpstreams ? headerOf(headers, "last-modified") : undefined;
    const freshSeconds = Math.min(mostFreshSeconds, Math.floor(this.#options.ttlMs / 1000));
    const isAbbreviated = part.kind === "abbreviated";
    return [
      ["etag", `"${etag}"`],
      ["content-type", `${isAbbreviated ? abbreviatedType : "application/json"}; charset=utf-8`],
      ...packs ? [["content-encoding", "gzip"] as const] : [],
      ...lastModified === undefined ? [] : [["last-modified", lastModified] as const],
      ["vary", "Accept, Accept-Encoding, User-Agent"],
      ["cache-control", `public, max-age=${freshSeconds}`],
    ];
  }
}

function absent(name: string, part: Part): VaultError {
  const version = part.kind === "version" ? part.version : "";
  return new VaultError("not_found", `"${name}" has no version or tag "${version}", or none that is shown here`);
}
