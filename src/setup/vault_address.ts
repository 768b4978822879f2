import { VaultError } from "../errors.ts";
import type { VaultAddress } from "./client_setup.ts";
import type { Repository } from "./edit/repositories.ts";

/** Matches URLs that mean the same in shell words and in all formats of configurations, without quotes. */
const plainUrl = /^(https?):\/\/([A-Za-z0-9][A-Za-z0-9._-]*|\[[0-9A-Fa-f:]+\])(:\d{1,5})?((?:\/[A-Za-z0-9._~-]+)*)$/;
const plainPath = /^(?:\/[A-Za-z0-9._~-]+)*$/;

/**
 * Parses the URL of a vault and the prefix of a backend. Throws `bad_request` where either has a character that might
 * mean something in a file or a script.
 */
export function parseVaultAddress(url: string, prefix: string): VaultAddress {
  const text = url.replace(/\/+$/, "");
  const [, scheme, name, port = ""] = plainUrl.exec(text) ?? [];
  if (/^[^/]*\/\/[^/]*@/.test(text)) {
    throw new VaultError(
      "bad_request",
      "The URL of a vault has no user and no password: they would be in every client's files",
    );
  }
  if (scheme === undefined || URL.parse(text) === null) {
    throw new VaultError(
      "bad_request",
      `${JSON.stringify(url)} is no URL of a vault; write http://vault.example.com:8080`,
    );
  }
  if (!plainPath.test(prefix)) {
    throw new VaultError(
      "bad_request",
      `The prefix ${JSON.stringify(prefix)} has characters that clients cannot be given`,
    );
  }
  return { url: text, host: `${name}${port}`, isPlain: scheme === "http", prefix };
}

/** Parses lines of a URL and a prefix each, and leaves those out that have characters that might mean something. */
export function parseRepositories(text: string): Repository[] {
  return text.split("\n").flatMap((line) => {
    const [url = "", prefix = ""] = line.split(" ");
    const bare = url.replace(/\/+$/, "");
    const isPlain = plainUrl.test(bare) && URL.canParse(bare) && isPlainPrefix(prefix);
    return isPlain ? [{ url: bare, prefix }] : [];
  });
}

/** Says whether the prefix of a backend means the same in shell words and in all formats of configurations. */
export function isPlainPrefix(prefix: string): boolean {
  return prefix === "/" || plainPath.test(prefix);
}
