import { createHash } from "node:crypto";
import { notModified } from "../http/conditional.ts";
import type { HeaderList } from "../http/headers.ts";
import type { Target } from "../http/path.ts";
import { type Reply, textReply } from "../server/reply.ts";
import { below } from "./paths.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";

interface Asset {
  readonly path: string;
  readonly contentType: string;
  readonly text: string;
  /** By which browsers and addresses tell one version from the next. */
  readonly version: string;
}

const styleAsset = assetOf("style.css", "text/css", style);
const scriptAsset = assetOf("script.js", "text/javascript", script);

/** The addresses of style sheet and script. Another version of them has another address. */
export const styleUrl = urlOf(styleAsset);
export const scriptUrl = urlOf(scriptAsset);

/**
 * The reply to a request for the style sheet or the script; null for another path. Browsers keep what they got at the
 * address of its version for ever (RFC 8246), and ask about it anew at any other.
 */
export function assetReply(method: string, target: Target, headers: Headers, more: HeaderList): Reply | null {
  const asset = [styleAsset, scriptAsset].find(({ path }) => path === target.path);
  if (asset === undefined) return null;
  const { contentType, text, version } = asset;
  const etag = `"${version}"`;
  const isOfVersion = target.query === `?v=${version}`;
  const cacheControl = isOfVersion ? "public, max-age=31536000, immutable" : "no-cache";
  if (notModified(headers, { etag, lastModified: undefined })) {
    return { status: 304, headers: [["etag", etag], ["cache-control", cacheControl]], body: null, cache: "none" };
  }
  return textReply(method, text, { contentType, cacheControl, headers: [...more, ["etag", etag]] });
}

function assetOf(name: string, type: string, text: string): Asset {
  const version = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return { path: below + name, contentType: `${type}; charset=utf-8`, text, version };
}

function urlOf({ path, version }: Asset): string {
  return `${path}?v=${version}`;
}
