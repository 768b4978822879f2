import type { Fetch } from "../../artifact.ts";
import type { DirectAnswer } from "../../backend.ts";
import type { Digest } from "../../digest.ts";
import { ociIndexType } from "./media_types.ts";
import { versionHeader } from "./response_headers.ts";

/** The answer of a registry for content that nothing refers to. */
export const noReferrers: DirectAnswer = {
  status: 200,
  contentType: ociIndexType,
  headers: [versionHeader],
  body: JSON.stringify({ schemaVersion: 2, mediaType: ociIndexType, manifests: [] }),
};

/**
 * The tag under which clients keep referrers in registries without that API (distribution-spec, "Referrers Tag
 * Schema").
 */
export function referrersTag({ algorithm, hex }: Digest): string {
  return `${algorithm}-${hex.slice(0, 64)}`;
}

/** Statuses by which registries without the referrers API say so, other than 404. */
const unsupported: ReadonlySet<number> = new Set([400, 405, 406, 501]);

/** Answers 404 where the registry shows that it has no referrers API, also by sending something else than an index. */
export function withReferrersApi(fetch: Fetch): Fetch {
  return async (request, options) => {
    const response = await fetch(request, options);
    const isOther = response.status === 200 && !isIndex(response.headers);
    if (!isOther && !unsupported.has(response.status)) return response;
    await response.body?.cancel().catch(() => {});
    return new Response(null, { status: 404 });
  };
}

function isIndex(headers: Headers): boolean {
  return headers.get("content-type")?.toLowerCase().startsWith(ociIndexType) ?? false;
}
