import { messageOf, VaultError } from "../errors.ts";
import { shownUrl } from "./shown_url.ts";

/** The kinds of failure without an answer, as far as they make a difference to what is done next. */
export type FailureKind =
  | "dns"
  | "refused"
  | "unreachable"
  | "closed"
  | "tls"
  | "proxy"
  | "port"
  | "malformed"
  | "other";

export interface NetworkFailure {
  readonly kind: FailureKind;
  /** The reason, to stand after a colon in a message; carries no URL. */
  readonly reason: string;
}

/** A failure of a proxy, or of a host behind it, which cannot always be told apart. */
export class ProxyFailure extends Error {
  /** The proxy's URL without a login. */
  readonly proxy: string;

  constructor(proxy: string, cause: unknown) {
    super(`The proxy "${proxy}" failed: ${messageOf(cause)}`, { cause });
    this.proxy = proxy;
  }
}

const trustAdvice = 'name its issuer with "ca" or DENO_CERT, or set DENO_TLS_CA_STORE=system,mozilla';

const makeAnother = 'make a new one (docs/running.md, "TLS and certificate authorities")';

/**
 * The texts of Deno's errors, with the failure that each means: `fetch` throws a bare TypeError for every network
 * failure. The text is that of hyper and rustls, in `message` up to Deno 2.6, in `cause.message` in 2.9.
 */
const failures: readonly (readonly [text: RegExp, kind: FailureKind, reason: (found: string) => string])[] = [
  [
    /Requests to port \d+ are blocked/,
    "port",
    () => "Deno's fetch refuses this port (a WHATWG bad port); use another one",
  ],
  [/dns error/, "dns", () => "the host name is not known to DNS"],
  [/Proxy server unreachable/, "proxy", () => "the egress proxy cannot be reached"],
  [/unsuccessful tunnel/, "proxy", () => "the egress proxy refused to connect to this host"],
  [/proxy auth\w* required/i, "proxy", () => "the egress proxy wants a login, or another one (407)"],
  [/UnknownIssuer/, "tls", () => `the TLS certificate is from an unknown issuer; ${trustAdvice}`],
  [
    /CaUsedAsEndEntity/,
    "tls",
    () =>
      "the server's TLS certificate is one of an authority, as openssl makes self-signed ones; a server's needs " +
      `basicConstraints CA:FALSE and a subjectAltName, also where it stands in "ca" itself: ${makeAnother}`,
  ],
  [
    /certificate is not valid for any names/,
    "tls",
    () => `the server's TLS certificate has no subjectAltName, and its CN does not count: ${makeAnother}`,
  ],
  [/invalid peer certificate: (.*)/s, "tls", (found) => `the TLS certificate is not valid: ${found}`],
  [
    /received fatal alert: CertificateRequired/,
    "tls",
    () => "it wants to be shown a certificate of the vault's own; name one with client_certificate",
  ],
  [
    /received fatal alert: (?:BadCertificate|UnsupportedCertificate|Certificate(?:Revoked|Expired|Unknown)|UnknownCA)/,
    "tls",
    (found) => `it refuses the vault's own certificate (${found}); see client_certificate`,
  ],
  [
    /tls handshake eof|corrupt message.*|received fatal alert.*|peer is incompatible.*/s,
    "tls",
    (found) => `TLS failed: ${found}; is this an HTTPS port?`,
  ],
  [/connection refused|actively refused/i, "refused", () => "connection refused"],
  [
    /(network is unreachable|no route to host|timed out|unreachable (?:host|network))/i,
    "unreachable",
    (found) => found,
  ],
  [
    /connection closed before message completed|connection reset|broken pipe/i,
    "closed",
    () => "connection closed without an answer",
  ],
  [
    /message head is too large/,
    "malformed",
    () => "the answer has more than 100 header lines, which Deno does not read; let a proxy between take some out",
  ],
  [
    /invalid HTTP header parsed/,
    "malformed",
    () =>
      "the answer is not valid HTTP: Deno refuses a header line with a space before its colon, or continued on the " +
      "next line; put Squid between, which mends such lines",
  ],
  [/invalid \S+(?: \S+)? parsed/, "malformed", (found) => `the answer is not valid HTTP: ${found}`],
  [/error reading a body from connection/, "closed", () => "the connection broke"],
];

/** Classifies the error that `fetch` or a body's stream threw. */
export function networkFailure(error: unknown): NetworkFailure {
  if (error instanceof ProxyFailure) return proxyFailure(error);
  const text = messageOf(error instanceof Error && error.cause instanceof Error ? error.cause : error);
  for (const [pattern, kind, reason] of failures) {
    const match = pattern.exec(text);
    if (match !== null) return { kind, reason: reason(firstLine(match[1] ?? match[0])) };
  }
  return { kind: "other", reason: firstLine(/client error \(\w+\): (.*)/s.exec(text)?.[1] ?? text) };
}

/** Classifies a failure through a proxy. The proxy is the only one connected to, so the failure is its own. */
function proxyFailure({ proxy, cause }: ProxyFailure): NetworkFailure {
  const { kind, reason } = networkFailure(cause);
  if (kind === "proxy") return { kind, reason: reason.replace("the egress proxy", `the proxy "${proxy}"`) };
  const isRelayed = proxy.startsWith("socks");
  return { kind: "proxy", reason: `the proxy "${proxy}" ${isRelayed ? "says" : "cannot be reached"}: ${reason}` };
}

/** Returns `permission_missing` where Deno denied the connection; null for every other error. */
export function permissionError(error: unknown, url: string): VaultError | null {
  if (!(error instanceof Deno.errors.NotCapable)) return null;
  const host = /access to "([^"]+)"/.exec(error.message)?.[1] ?? new URL(url).host;
  return new VaultError(
    "permission_missing",
    `Cannot fetch "${shownUrl(url)}": this process may not connect to ${host}; start it with --allow-net=${host}`,
    { cause: error },
  );
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").replaceAll(/\b\w+:\/\/\S+/g, "…").slice(0, 200);
}
