const hidden = "***";

/**
 * Whether a query parameter's value is a secret, by its name: `X-Amz-Signature`, `sig`, `access_token`, `Key-Pair-Id` …
 */
const secretName =
  /(?:^|[-_.])(?:sig|key|auth|jwt|pass|pwd|code)$|token|signature|secret|passw(?:or)?d|credential|api-?key|access-?key|key-pair-id|policy|session/i;

/** What any of the patterns below needs to match at all: most lines have none of it. */
const suspicious = /[@=]|uthorization|UTHORIZATION|ookie|OOKIE|earer |asic |BEARER|BASIC/;

/** Begins at the slashes: to look for the scheme from its start takes quadratic time on `a.a.a…`. */
const userinfo = /:\/\/[^\s/?#"'<>]+@/g;
const parameter = /([?&;])([^\s=&;?#"']+)=([^\s&;#"'<>]+)/g;
const headerValue =
  /\b((?:proxy-)?authorization|(?:set-)?cookie)(["']?\s*[:=]\s*["']?)(?:(?:basic|bearer|token) +)?[^\s"',]+/gi;
/** The capital or digit tells a credential from a sentence about Basic authentication. */
const scheme = /\b(basic|bearer|BASIC|BEARER|Basic|Bearer) +(?=[a-z+/=._~-]*[A-Z0-9])[\w+/=.~-]{6,}/g;

/**
 * A text without the credentials in it: users and passwords in URLs, secret query values, Authorization and Cookie
 * values.
 */
export function redact(text: string): string {
  if (!suspicious.test(text)) return text;
  return redactUrl(text).replace(headerValue, `$1$2${hidden}`).replace(scheme, `$1 ${hidden}`);
}

/**
 * A URL, or a path with its query, as it may be shown: without user and password, and with secret query values hidden.
 */
export function redactUrl(url: string): string {
  return url.replace(userinfo, `://${hidden}@`)
    .replace(parameter, (found, mark, name) => secretName.test(name) ? `${mark}${name}=${hidden}` : found);
}
