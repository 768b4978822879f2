import { z } from "zod";
import { authorities, choice, duration, flag, oneOrMore } from "../../config/value_types.ts";
import { imagePattern, platform, registryName, registryPattern, registryUrl } from "./value_types.ts";
import { backendKeys, backendSchema } from "../../config/backend_keys.ts";
import { clientCertificate } from "../../config/certificate_keys.ts";
import { checkCredentials, checkCredentialsAt, credentialKeys } from "../../config/credential_keys.ts";
import { partition } from "../../config/partition.ts";
import type { Configured } from "../../config/schema.ts";
import { upstreamUrl } from "../../config/urls.ts";

const dockerHub = "https://registry-1.docker.io";
const defaultUrls: Readonly<Record<string, string>> = { dockerhub: dockerHub };

/** The keys of one registry, besides its URL and its certificates. */
const registryKeys = {
  auth_url: upstreamUrl().optional().describe(
    "Where the registry's tokens come from; without it, where the registry says.",
  ),
  ...credentialKeys,
  insecure: flag().prefault(false).describe("Plain http, also for credentials, where registry_url does not say https."),
  plain_http_blobs: flag().optional().describe(
    "Follow its redirects to plain http for blobs, without credentials. Their digests are checked; whoever listens can read them.",
  ),
  allow: oneOrMore(imagePattern).optional().describe(
    "Images that may come from it, such as library/* or myorg/**; without it all of them.",
  ),
  deny: oneOrMore(imagePattern).optional().describe("Images that may not, also if allowed."),
  official_images: choice("library", "bare").optional().describe(
    "How it names the official images of Docker Hub, where it has them: library/alpine, as the Hub, or bare, as alpine.",
  ),
  names: oneOrMore(registryName).optional().describe("What clients call it, besides the host of registry_url."),
  mirror_of: oneOrMore(registryPattern("any")).optional().describe(
    "Other registries whose images it has as well: any, or hosts such as quay.io or *.gcr.io, where a star is one label. Where it fails, the registry itself is asked, if it is configured or among registries, too.",
  ),
  mirror_form: choice("path", "ns").optional().describe(
    "How it is told which registry of mirror_of is meant: in the path, as /v2/quay.io/NAME, or by ?ns=quay.io, as containerd. Without it path.",
  ),
};

const registryKeyNames = Object.keys(registryKeys) as (keyof typeof registryKeys)[];

const registry = z.strictObject({
  registry_url: registryUrl().describe(
    "URL of the registry; a host alone means https, or http if insecure. With /v2 in its path, images' names follow at once; else /v2 is added.",
  ),
  ...registryKeys,
  ca: authorities().optional().describe("PEM file, or list of files, of certificate authorities to trust for it, too."),
  client_certificate: clientCertificate.optional().describe(
    "The vault's own certificate for it; the backend's without it.",
  ),
}).superRefine((registry, context) => {
  checkCredentials(registry, context);
  checkScheme([], registry, context);
  checkMirror([], registry, context);
}, { when: () => true });

const ociKeys = {
  registry_url: registryUrl().optional().describe(
    `URL of the registry; a host alone means https, or http if insecure. With /v2 in its path, images' names follow at once; else /v2 is added. Without it dockerhub takes ${dockerHub}.`,
  ),
  ...registryKeys,
  repositories: z.array(registry).optional().describe(
    "Several registries instead, asked in order for each image; the keys above then stand in each entry.",
  ),
  registries: oneOrMore(registryPattern("configured", "any")).prefault("configured").describe(
    "Which registries clients may name: those configured, besides them quay.io or *.gcr.io, where a star is one label, or any. They are asked anonymously, over https (http if insecure).",
  ),
  tag_ttl: duration({ forever: true }).prefault("5m").describe(
    "How long a tag counts as fresh; then one HEAD asks whether it has moved.",
  ),
  prefetch: oneOrMore(platform).prefault("none").describe(
    "What is fetched in the background, with all layers, when a client gets an index of several platforms: none, all_platforms, or platforms such as linux/arm64. Every manifest counts in a registry's quota.",
  ),
  on_outage: choice("stop", "next").prefault("stop").describe(
    "When a registry fails: stop says so, next asks the next one, which may have another image of that name.",
  ),
};

/** Registries of container images and other OCI artifacts; Docker Hub where a `dockerhub` names no other. */
export const schema = backendSchema(
  ["dockerhub", "oci"],
  z.strictObject({ ...backendKeys, ...ociKeys }).prefault({}),
).superRefine(checkRegistries, { when: () => true }).transform(({ type, name, config }) => {
  const { registry_url = defaultUrls[type], repositories, ...keys } = config;
  const [single, common] = partition(keys, registryKeyNames);
  const registries = repositories ?? (registry_url === undefined ? [] : [{ registry_url, ...single }]);
  const insecure = single.insecure && opensOthers(config);
  return { type, name, config: { ...common, insecure, repositories: registries.map(withScheme) } };
});

/** A backend of this type in a checked configuration. */
export type OciConfig = Configured<typeof schema>;

/** One registry of a checked configuration. */
export type RegistryConfig = z.output<typeof registry>;

function withScheme(registry: RegistryConfig): RegistryConfig {
  const { registry_url: url, insecure } = registry;
  if (!url.startsWith("//")) return registry;
  const { href } = new URL(`${insecure ? "http:" : "https:"}${url}`);
  return { ...registry, registry_url: href.replace(/\/+$/, "") };
}

const noRegistry = "a registry is missing; write registry_url: or, for several, repositories:";

/** A backend that may have failed to parse. */
interface Unchecked {
  readonly type?: unknown;
  readonly config?: Readonly<Record<string, unknown>> | null;
}

/** Takes values that failed to parse as well, so that all problems are reported at once. */
function checkRegistries({ type, config }: Unchecked, context: z.core.$RefinementCtx): void {
  if (typeof config !== "object" || config === null) return;
  const wrong = (key: string, message: string) => context.addIssue({ code: "custom", path: ["config", key], message });
  const { registry_url, repositories, insecure } = config;
  const isOpen = opensOthers(config);
  if (repositories === undefined) {
    const url = registry_url ?? defaultUrls[String(type)];
    if (url === undefined && !isOpen) wrong("registry_url", noRegistry);
    checkCredentialsAt(["config"], config, context);
    checkScheme(["config"], { registry_url: url, insecure }, context);
    checkMirror(["config"], { ...config, registry_url: url }, context);
  } else if (registry_url !== undefined) {
    wrong("registry_url", "registry_url and repositories exclude each other; keep one");
  } else {
    if (Array.isArray(repositories) && repositories.length === 0 && !isOpen) wrong("repositories", noRegistry);
    const misplaced = registryKeyNames.filter((key) => key !== "insecure" && config[key] !== undefined);
    if (insecure === true && !isOpen) misplaced.push("insecure");
    for (const key of misplaced) wrong(key, "belongs to one registry; write it in that entry of repositories");
  }
}

function checkMirror(path: readonly string[], registry: Unchecked["config"], context: z.core.$RefinementCtx): void {
  const { registry_url: url, mirror_of, mirror_form } = registry ?? {};
  const wrong = (key: string, message: string) => context.addIssue({ code: "custom", path: [...path, key], message });
  if (mirror_form !== undefined && mirror_of === undefined) wrong("mirror_form", "says nothing without mirror_of");
  if (mirror_of === undefined || typeof url !== "string" || !url.endsWith(new URL(dockerHub).host)) return;
  wrong("mirror_of", "Docker Hub has no images of other registries; write the registry_url of one that has");
}

/** True where clients may name registries that are not configured. */
function opensOthers({ registries }: { readonly registries?: unknown }): boolean {
  return [registries ?? "configured"].flat().some((name) => name !== "configured");
}

function checkScheme(path: readonly string[], registry: Unchecked["config"], context: z.core.$RefinementCtx): void {
  const { registry_url: url, insecure } = registry ?? {};
  if (insecure !== true || typeof url !== "string" || !url.startsWith("https://")) return;
  const message = `insecure means plain http, but the URL is ${url}; keep one, or write http://`;
  context.addIssue({ code: "custom", path: [...path, "insecure"], message });
}
