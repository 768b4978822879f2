import { Buffer } from "node:buffer";
import { createHash, createSign, generateKeyPairSync } from "node:crypto";
import { gunzipSync, gzipSync } from "node:zlib";
import { RecordingServer } from "../recording_server.ts";
import type { NpmPackage } from "./npm_package.ts";

export interface NpmRegistryOptions {
  /** The only token that it lets in. */
  readonly token?: string;
  /** The origin of the links to tarballs, where that is another than its own: the public registry has two names. */
  readonly linkOrigin?: string;
  /** The path of a tarball; the usual one where absent. */
  readonly tarballPath?: (version: NpmPackage) => string;
  /** False sends the whole document whatever is asked for; true when absent. */
  readonly abbreviates?: boolean;
  /** False sends no `time`; true when absent. */
  readonly tellsTimes?: boolean;
}

/** How a version is published. */
export interface Publication {
  /** Some day long ago where absent. */
  readonly at?: Date;
  /** More keys of its manifest, such as `deprecated`. */
  readonly more?: Readonly<Record<string, unknown>>;
  /** More keys of `dist`. */
  readonly dist?: Readonly<Record<string, unknown>>;
  /** False leaves `latest` where it is. */
  readonly isLatest?: boolean;
}

interface Published extends Publication {
  readonly package: NpmPackage;
  readonly at: Date;
}

interface Listed {
  readonly versions: Map<string, Published>;
  readonly tags: Map<string, string>;
  modified: Date;
  readme: string;
}

const longAgo = new Date("2024-03-04T10:00:00.000Z");
const abbreviatedType = "application/vnd.npm.install-v1+json";

/**
 * A registry on 127.0.0.1 with the habits of the public one: both forms of documents, with an ETag of their own and
 * `Last-Modified`, gzip for who takes it, signatures and their keys, attestations, search, audits. What it has may be
 * changed at any time.
 */
export class NpmRegistry extends RecordingServer {
  readonly #options: NpmRegistryOptions;
  readonly #packages = new Map<string, Listed>();
  readonly #signing = generateKeyPairSync("ec", { namedCurve: "P-256" });
  readonly #audits: unknown[] = [];
  /** Advisories by package, as the bulk answer has them. */
  advisories: Readonly<Record<string, readonly unknown[]>> = {};

  constructor(options: NpmRegistryOptions = {}) {
    super((request) => this.#serve(request));
    this.#options = options;
  }

  /** What it was asked about vulnerabilities, unpacked and parsed. */
  get audits(): readonly unknown[] {
    return this.#audits;
  }

  /** Publishes a version, and makes it `latest`. */
  publish(version: NpmPackage, publication: Publication = {}): NpmPackage {
    const { at = longAgo, isLatest = true } = publication;
    const listed = this.#packages.get(version.name) ??
      { versions: new Map(), tags: new Map(), modified: at, readme: "" };
    listed.versions.set(version.version, { ...publication, package: version, at });
    if (isLatest) listed.tags.set("latest", version.version);
    if (at > listed.modified) listed.modified = at;
    this.#packages.set(version.name, listed);
    return version;
  }

  /** Points a tag at a version. */
  tag(name: string, tag: string, version: string): void {
    this.#packages.get(name)!.tags.set(tag, version);
  }

  /** Gives the document about a package a readme of this text. */
  describe(name: string, readme: string): void {
    this.#packages.get(name)!.readme = readme;
  }

  /** Removes a version, or the package. */
  unpublish(name: string, version?: string): void {
    if (version === undefined) this.#packages.delete(name);
    else this.#packages.get(name)?.versions.delete(version);
  }

  /** The path at which it has a tarball. */
  tarballPath(version: NpmPackage): string {
    const { name, version: number } = version;
    const base = name.slice(name.indexOf("/") + 1);
    return this.#options.tarballPath?.(version) ?? `/${name}/-/${base}-${number}.tgz`;
  }

  /** The whole document about a package, as it is now. */
  packument(name: string): Readonly<Record<string, unknown>> {
    const { versions, tags, modified, readme } = this.#packages.get(name)!;
    const { tellsTimes = true } = this.#options;
    const times = [...versions].map(([version, { at }]) => [version, at.toISOString()]);
    return {
      _id: name,
      _rev: `${versions.size}-0`,
      name,
      description: `All about ${name}`,
      "dist-tags": Object.fromEntries(tags),
      versions: Object.fromEntries([...versions].map(([version, one]) => [version, this.#manifest(one)])),
      ...tellsTimes && {
        time: { created: longAgo.toISOString(), ...Object.fromEntries(times), modified: modified.toISOString() },
      },
      maintainers: [{ name: "frodo", email: "frodo@example.org" }],
      readme,
      readmeFilename: "README.md",
    };
  }

  #manifest({ package: version, more, dist, at: _ }: Published): Readonly<Record<string, unknown>> {
    const { name, version: number, manifest, shasum, integrity } = version;
    return {
      ...manifest,
      _id: `${name}@${number}`,
      _npmUser: { name: "frodo" },
      scripts: manifest.scripts ?? { test: "true" },
      dist: {
        shasum,
        integrity,
        tarball: (this.#options.linkOrigin ?? this.url) + this.tarballPath(version),
        fileCount: 2,
        signatures: [{ keyid: this.#keyId, sig: this.#sign(`${name}@${number}:${integrity}`) }],
        ...dist,
      },
      ...more,
    };
  }

  get #keyId(): string {
    const der = this.#signing.publicKey.export({ type: "spki", format: "der" });
    return `SHA256:${createHash("sha256").update(der).digest("base64").replace(/=+$/, "")}`;
  }

  #sign(text: string): string {
    return createSign("SHA256").update(text).sign(this.#signing.privateKey, "base64");
  }

  async #serve(request: Request): Promise<Response> {
    const { token } = this.#options;
    if (token !== undefined && request.headers.get("authorization") !== `Bearer ${token}`) {
      return json({ error: "who are you?" }, { status: 401 });
    }
    const path = decodeURIComponent(new URL(request.url).pathname);
    if (path.startsWith("/-/")) return await this.#serveService(request, path);
    for (const { versions } of this.#packages.values()) {
      for (const { package: version } of versions.values()) {
        if (path === this.tarballPath(version)) return serveTarball(request, version.tarball);
      }
    }
    return this.#servePackage(request, path.slice(1));
  }

  #servePackage(request: Request, path: string): Response {
    const name = [...this.#packages.keys()].find((name) => path === name || path.startsWith(`${name}/`));
    if (name === undefined) return json({ error: "Not found" }, { status: 404 });
    const { tags, modified } = this.#packages.get(name)!;
    const packument = this.packument(name);
    const headers = { "last-modified": modified.toUTCString(), "cache-control": "public, max-age=300" };
    if (path !== name) {
      const wanted = path.slice(name.length + 1);
      const versions = packument.versions as Record<string, unknown>;
      const manifest = versions[tags.get(wanted) ?? wanted];
      if (manifest === undefined) return json("version not found", { status: 404 });
      return serveJson(request, manifest, { ...headers, "content-type": "application/json" });
    }
    const { abbreviates = true } = this.#options;
    const isAbbreviated = abbreviates && (request.headers.get("accept") ?? "").startsWith(abbreviatedType);
    const type = isAbbreviated ? abbreviatedType : "application/json";
    const document = isAbbreviated ? abbreviate(packument) : packument;
    return serveJson(request, document, { ...headers, "content-type": type, vary: "Accept-Encoding, Accept" });
  }

  async #serveService(request: Request, path: string): Promise<Response> {
    if (path === "/-/npm/v1/keys") {
      const key = this.#signing.publicKey.export({ type: "spki", format: "der" }).toString("base64");
      const own = {
        expires: null,
        keyid: this.#keyId,
        keytype: "ecdsa-sha2-nistp256",
        scheme: "ecdsa-sha2-nistp256",
        key,
      };
      return serveJson(request, { keys: [own] }, { "content-type": "application/json" });
    }
    if (path.startsWith("/-/npm/v1/attestations/")) {
      const subject = path.slice("/-/npm/v1/attestations/".length);
      return serveJson(request, { attestations: [{ subject }] }, { "content-type": "application/json" });
    }
    if (path === "/-/v1/search") {
      const text = new URL(request.url).searchParams.get("text") ?? "";
      const objects = [...this.#packages.keys()].filter((name) => name.includes(text)).map((name) => (
        {
          package: {
            name,
            version: this.#packages.get(name)!.tags.get("latest"),
            description: `All about ${name}`,
            date: longAgo.toISOString(),
            keywords: [],
            maintainers: [{ username: "frodo", email: "frodo@example.org" }],
            publisher: { username: "frodo", email: "frodo@example.org" },
            links: {},
          },
          searchScore: 1,
        }
      ));
      return json({ objects, total: objects.length, time: "now" });
    }
    if (request.method === "POST" && path.startsWith("/-/npm/v1/security/")) {
      return await this.#serveAudit(request, path);
    }
    return json({ error: "Not found" }, { status: 404 });
  }

  async #serveAudit(request: Request, path: string): Promise<Response> {
    const sent = Buffer.from(await request.arrayBuffer());
    const bytes = request.headers.get("content-encoding") === "gzip" ? gunzipSync(sent) : sent;
    const question = JSON.parse(bytes.toString()) as Record<string, unknown>;
    this.#audits.push(question);
    if (!path.endsWith("/bulk")) return json({ actions: [], advisories: {}, muted: [], metadata: {} });
    const found = Object.entries(this.advisories).filter(([name]) => name in question);
    return json(Object.fromEntries(found));
  }
}

/** What the abbreviated form has of a version (docs/responses/package-metadata.md). */
const abbreviatedMembers: ReadonlySet<string> = new Set([
  ...["name", "version", "deprecated", "bin", "directories", "dist", "engines", "cpu", "os", "libc", "funding"],
  ...["dependencies", "devDependencies", "optionalDependencies", "peerDependencies", "peerDependenciesMeta"],
  ...["bundleDependencies", "acceptDependencies", "_hasShrinkwrap", "hasInstallScript"],
]);

/** The abbreviated form of a document, as the public registry makes it (docs/responses/package-metadata.md). */
export function abbreviate(packument: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { name, versions, time } = packument;
  const kept = Object.entries(versions as Record<string, Record<string, unknown>>).map(([version, manifest]) => {
    const own = Object.entries(manifest).filter(([name]) => abbreviatedMembers.has(name));
    const scripts = manifest["scripts"] ?? {};
    const installs = ["preinstall", "install", "postinstall"].some((script) => script in (scripts as object));
    return [version, { ...Object.fromEntries(own), ...installs && { hasInstallScript: true } }];
  });
  const { modified } = (time ?? {}) as { modified?: string };
  return {
    name,
    "dist-tags": packument["dist-tags"],
    versions: Object.fromEntries(kept),
    ...modified !== undefined && { modified },
  };
}

function json(value: unknown, init: ResponseInit = {}): Response {
  return new Response(JSON.stringify(value), { ...init, headers: { "content-type": "application/json" } });
}

/** With an ETag, a 304 where the client has it, and packed where it takes that. */
function serveJson(request: Request, value: unknown, more: Readonly<Record<string, string>>): Response {
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  const etag = `"${createHash("sha1").update(bytes).digest("hex").slice(0, 20)}"`;
  const headers: Record<string, string> = { ...more, etag };
  if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers });
  const packs = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  if (packs) headers["content-encoding"] = "gzip";
  const body = packs ? new Uint8Array(gzipSync(bytes)) : bytes;
  return new Response(request.method === "HEAD" ? null : body, { headers });
}

function serveTarball(request: Request, bytes: Uint8Array<ArrayBuffer>): Response {
  const etag = `"${createHash("md5").update(bytes).digest("hex")}"`;
  const headers: Record<string, string> = {
    etag,
    "content-type": "application/octet-stream",
    "accept-ranges": "bytes",
    "cache-control": "public, immutable, max-age=31557600",
    "last-modified": longAgo.toUTCString(),
  };
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get("range") ?? "") ?? [];
  if (first === undefined) {
    headers["content-length"] = String(bytes.byteLength);
    return new Response(request.method === "HEAD" ? null : bytes, { headers });
  }
  const end = last === "" ? bytes.byteLength : Math.min(bytes.byteLength, Number(last) + 1);
  headers["content-range"] = `bytes ${first}-${end - 1}/${bytes.byteLength}`;
  return new Response(bytes.subarray(Number(first), end), { status: 206, headers });
}
