import { z } from "zod";
import { authorities, choice, duration, flag, integer, Invalid, text, textMatching, value } from "./value_types.ts";
import { clientCertificate } from "./certificate_keys.ts";
import { proxyUrl } from "./urls.ts";

/** Older names of the vault's own pages, which are below `/-/`. */
const reserved = ["/healthz", "/readyz", "/metrics"];

/** A backend's name: it stands in logs, in metrics and as a directory in the cache. */
const backendName = textMatching(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, {
  type: "name",
  a: "a backend name",
  hint: "write letters, digits, dots, dashes and underscores, a letter or digit first",
}).optional().describe(
  "Stands in logs and metrics, and is a directory in the cache. No two backends have the same. Without it, the prefix without its slashes, else the type.",
);

const prefix = value<string>({
  type: "path",
  a: "a path prefix",
  hint: "write /name or /some/path",
  read(input) {
    if (typeof input !== "string" || !/^\/[A-Za-z0-9._~!$&'()*+,;=:@\/-]*$/.test(input)) return new Invalid();
    const path = input.length > 1 ? input.replace(/\/$/, "") : input;
    if (/\/\.{0,2}(\/|$)/.test(path) && path !== "/") return new Invalid();
    if (reserved.includes(path)) return new Invalid(`"${path}" is answered by the vault itself; choose another prefix`);
    if (/^\/-(\/|$)/.test(path)) {
      return new Invalid(`"${path}" is reserved: the vault's own pages are below "/-/"; choose another prefix`);
    }
    return path;
  },
});

/** The keys that every type of backend has below `config`. */
export const backendKeys = {
  prefix: prefix.optional().describe(
    "Where the backend is served. The longest matching prefix wins. Without it: a slash and the backend's name.",
  ),
  timeout: duration({ positive: true, timer: true }).prefault("30s").describe(
    "How long an upstream may send nothing before it is given up. A long transfer that keeps moving never times out.",
  ),
  retries: integer(0, 100).prefault(3).describe("How often a failed request is tried again, with growing pauses."),
  max_transfers: integer(1, 10_000).prefault(16).describe(
    "How many bodies above 1 MiB come from one upstream host at once; further ones wait their turn. Nothing else does.",
  ),
  negative_ttl: duration().prefault("60s").describe(
    "How long an upstream's 404 or 410 is fresh. After that it is asked again, and served as last known while it fails.",
  ),
  stale_if_error: duration({ forever: true }).prefault("forever").describe(
    "How long past its freshness a copy is still served when the upstream fails.",
  ),
  serve_deleted: flag().prefault(true).describe("Go on serving a copy after the upstream answered 404 or 410 for it."),
  honor_client_no_cache: flag().prefault(false).describe(
    "Let no-cache, max-age, min-fresh and only-if-cached in a client's Cache-Control count. pip and apt send no-cache all the time.",
  ),
  abandoned_transfer: choice("finish", "stop").prefault("finish").describe(
    "What happens to a fetch that no client follows any more: finish it, or stop and keep what came for resuming.",
  ),
  allow_private_redirects: flag().prefault(false).describe(
    "Follow redirects and links of an upstream to loopback, private or link-local addresses outside its own network.",
  ),
  proxy: proxyUrl().optional().describe("Proxy for requests to this upstream; the global proxy without it."),
  ca: authorities().optional().describe(
    "PEM file, or list of files, of certificate authorities to trust for this upstream, besides the global ones.",
  ),
  client_certificate: clientCertificate.optional().describe(
    "The vault's own certificate, for upstreams that ask for one (mutual TLS).",
  ),
  user_agent: text().optional().describe("User-Agent sent upstream; artifact-vault and its version without it."),
  retention: z.strictObject({
    unused_for: duration({ forever: true, positive: true }).describe(
      "The same for this backend, instead of the global one.",
    ),
  }).optional().describe("How long the cache keeps what nobody uses of this backend; the global retention without it."),
  offline: flag().prefault(false).describe(
    "Never contact this upstream: serve what is cached, and refuse the rest at once.",
  ),
  offline_indexes: choice("available", "full").optional().describe(
    "What its indexes show offline; as the global key without it.",
  ),
};

/**
 * The schema of a type of backend: one entry of `backends`. `types` are the words for it after `type:`, `config` is the
 * schema of its keys, which `backendKeys` are among.
 */
export function backendSchema<const Types extends readonly [string, ...string[]], Config extends z.ZodType>(
  types: Types,
  config: Config,
) {
  const type = z.literal(types).describe("What kind of upstream it is.");
  return z.strictObject({ type, name: backendName, config });
}
