import type { Carrying } from "../../carrying.ts";
import { headerOf } from "../../http/headers.ts";
import { imageParts } from "./image_parts.ts";
import { signedManifestType } from "./media_types.ts";
import { defaultWord } from "./registries.ts";
import { canonicalName, plainName } from "./registry_name.ts";

const tagKey = /^\/([^/]+)\/(.+)\/manifests\/([A-Za-z0-9_][A-Za-z0-9._-]{0,127})(?:\?only=[a-z_,]+)?$/;

/** Tags name images. They say which manifests there are, as lists of tags and referrers do. */
export const carrying: Carrying = {
  imageNames({ key, url }, type) {
    const [, word, name, tag] = tagKey.exec(key) ?? [];
    if (word === undefined) return [];
    const registry = word !== defaultWord ? word : type === "dockerhub" ? "docker.io" : URL.parse(url)?.host;
    return registry === undefined ? [] : [`${plainName(canonicalName(registry))}/${name}:${tag}`];
  },
  imageFolder: ({ key }) => key.slice(0, key.lastIndexOf("/manifests/") + 1),
  imageParts,
  digestOf({ key, headers }) {
    if (headerOf(headers, "content-type")?.startsWith(signedManifestType)) return null;
    return /\/(?:manifests|blobs)\/sha256:([0-9a-f]{64})(?:\?.*)?$/.exec(key)?.[1] ?? null;
  },
  isRoot: ({ key }) => tagKey.test(key) || /\/(?:tags\/list|referrers\/[^/]+)(?:\?.*)?$/.test(key),
};
