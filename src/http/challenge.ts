/** A challenge is one way to authenticate that a 401 offers. */
export interface Challenge {
  /** The scheme in lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** The parameters by name in lower case, unquoted. Of a repeated name the first counts. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** Matches the text between two commas that are not inside quotes. */
const element = /(?:[^",]|"(?:[^"\\]|\\.)*"?)+/gs;
/** Matches the scheme, and after a space its first parameter or a token68; no token68 is of use here. */
const start = /^([\w!#$%&'*+.^`|~-]+)(?:\s+(.*))?$/s;
/**
 * Matches a parameter. Its unquoted value may have more characters than RFC 9110 allows: registries put whole URLs
 * there.
 */
const parameter = /^([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s"]+))$/s;

/**
 * Parses the challenges of a `WWW-Authenticate` value in order (RFC 9110 §11.6.1), also of several fields joined by
 * commas. Malformed ones are left out.
 */
export function parseChallenges(value: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (const [found] of value.matchAll(element)) {
    let text = found.trim();
    const started = parameter.test(text) ? null : start.exec(text);
    if (started !== null) {
      challenges.push({ scheme: started[1]!.toLowerCase(), parameters: new Map() });
      text = started[2] ?? "";
    }
    const [, name, quoted, plain] = parameter.exec(text) ?? [];
    const parameters = challenges.at(-1)?.parameters;
    if (name === undefined || parameters === undefined || parameters.has(name.toLowerCase())) continue;
    parameters.set(name.toLowerCase(), quoted?.replaceAll(/\\(.)/gs, "$1") ?? plain ?? "");
  }
  return challenges;
}
