import type { Descriptor, OciLayout } from "./layout.ts";
import { RecordingServer } from "../recording_server.ts";
import { serveFile } from "../serve_file.ts";

/** What a layout registry has: tags by repository, and what refers to what. */
export interface LayoutContent {
  /** `repository:tag`, and what it points to. All content of the layout is in every repository. */
  readonly tags: Readonly<Record<string, Descriptor>>;
  /** All other manifests: what indexes list, and what refers to a `subject`. */
  readonly manifests?: readonly Descriptor[];
  /** How many tags a list has at most; as many as are asked for (`n`) where it is left out. */
  readonly pageSize?: number;
}

/**
 * Starts a registry that serves a layout, for what Debian's cannot: manifests by sha512, `referrers`, lists of tags in
 * pages (`n`, `last`, `Link`). The caller disposes of it.
 */
export function startLayoutRegistry(layout: OciLayout, content: LayoutContent): RecordingServer {
  const all = [...Object.values(content.tags), ...content.manifests ?? []];
  return new RecordingServer((request) => {
    const url = new URL(request.url);
    if (url.pathname === "/v2/") return Response.json({});
    const [, name = "", kind = "", reference = ""] =
      /^\/v2\/(.+)\/(manifests|blobs|tags|referrers)\/(.+)$/.exec(url.pathname) ?? [];
    if (kind === "blobs") return serveFile(request, layout.pathOf(reference), { "docker-content-digest": reference });
    if (kind === "tags") return listTags(url, name, content);
    if (kind === "referrers") return listReferrers(layout, all, reference);
    const manifest = content.tags[`${name}:${reference}`] ?? all.find(({ digest }) => digest === reference);
    return kind === "manifests" && manifest ? serveManifest(request, layout, manifest) : unknown();
  });
}

function serveManifest(request: Request, layout: OciLayout, { mediaType, digest }: Descriptor): Promise<Response> {
  const headers = { "content-type": mediaType, "docker-content-digest": digest, etag: `"${digest}"` };
  return serveFile(request, layout.pathOf(digest), headers);
}

function listTags(url: URL, name: string, content: LayoutContent): Response {
  const all = Object.keys(content.tags).filter((reference) => reference.startsWith(`${name}:`)).map((reference) =>
    reference.slice(name.length + 1)
  ).sort();
  if (all.length === 0) return unknown();
  const rest = all.filter((tag) => tag > (url.searchParams.get("last") ?? ""));
  const { pageSize = Infinity } = content;
  const tags = rest.slice(0, Math.min(Number(url.searchParams.get("n") ?? Infinity), pageSize));
  const headers = new Headers();
  const next = `${url.pathname}?n=${tags.length}&last=${tags.at(-1)}`;
  if (tags.length < rest.length) headers.set("link", `<${next}>; rel="next"`);
  return Response.json({ name, tags }, { headers });
}

function listReferrers(layout: OciLayout, all: readonly Descriptor[], subject: string): Response {
  const manifests = all.filter((manifest) => {
    const value = layout.readJson(manifest) as { subject?: { digest: string } };
    return value.subject?.digest === subject;
  });
  const mediaType = "application/vnd.oci.image.index.v1+json";
  return Response.json({ schemaVersion: 2, mediaType, manifests }, { headers: { "content-type": mediaType } });
}

function unknown(): Response {
  return Response.json({ errors: [{ code: "MANIFEST_UNKNOWN", message: "manifest unknown" }] }, { status: 404 });
}
