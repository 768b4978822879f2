const hidden = "***";

/**
 * Matches the name of a query parameter whose value is a secret: `X-Amz-Signature`, `sig`, `access_token`,
 * `Key-Pair-Id` …
 */
const secretName =
  /(?:^|[-_.])(?:sig|key|auth|jwt|pass|pwd|code)$|token|signature|secret|passw(?:or)?d|credential|api-?key|access-?key|key-pair-id|policy|session/i;

/** Matches texts that may match one of the patterns below: most lines do not. */
const suspicious = /[@=]|uthorization|UTHORIZATION|ookie|OOKIE|earer |asic |BEARER|BASIC/;

/**
 * Matches user and password in a URL. It begins at the slashes: looking for the scheme from its start would take
 * quadratic time on `a.a.a…`.
 */
const userinfo = /:\/\/[^\s/?#"'<>]+@/g;
const parameter = /([?&;])([^\s=&;?#"']+)=([^\s&;#"'<>]+)/g;
const headerValue =
  /\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s*[:=]\s*["']?)(?:(?:basic|bearer|token) +)?[^\s"',]+/gi;
/**
 * Matches an `Authorization` value. The capital or digit tells a credential from a sentence about Basic authentication.
 */
const scheme = /\b(basic|bearer|BASIC|BEARER|Basic|Bearer) +(?=[a-z+/=._~-]*[A-Z0-9])[\w+/=.~-]{6,}/g;

/**
 * Returns the text without credentials: users and passwords in URLs, secret query values, Authorization and Cookie
 * values.
 */
export function redact(text: string): string {
  if (!suspicious.test(text)) return text;
  return redactUrl(text).replace(headerValue, `$1$2${hidden}`).replace(scheme, `$1 ${hidden}`);
}

/** Returns a URL, or a path with its query, without user and password, and with secret query values hidden. */
export function redactUrl(url: string): string {
  return url.replace(userinfo, `://${hidden}@`)
    .replace(parameter, (found, mark, name) => secretName.test(name) ? `${mark}${name}=${hidden}` : found);
}
