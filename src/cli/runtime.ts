import { VaultError } from "../errors.ts";
import type { OptionSpec, OptionValues } from "./command.ts";

/** The oldest runtime that is safe to serve with; see `oldRuntime`. */
const oldestSound = [2, 7, 8] as const;
/** The first version of Deno with its own HTTP/1 server; see `refusesUpgrades`. */
const firstRefusing = [2, 8, 3] as const;

/** The option of `serve` that allows an old runtime. */
export const allowOldRuntime: Readonly<Record<string, OptionSpec>> = {
  "allow-old-runtime": { help: "Serve although this runtime has known holes (Deno before 2.7.8)" },
};

/** Returns what is wrong with this version of Deno; null for a sound one. */
export function oldRuntime(version: string = Deno.version.deno): string | null {
  if (isAtLeast(version, oldestSound)) return null;
  return `This program runs on Deno ${version}, which has known holes: a retried TLS connection can send plaintext ` +
    "(CVE-2026-44726), bodies with Content-Encoding are unpacked and no longer what their digest says, and requests " +
    "with two Host headers or contradicting lengths are accepted. Use Deno 2.7.8 or newer";
}

/** Throws `config_invalid` on an old runtime, unless the command line allows it; then returns the warnings. */
export function checkRuntime(values: OptionValues, version: string = Deno.version.deno): string[] {
  const problem = oldRuntime(version);
  if (problem === null) return [];
  if (values["allow-old-runtime"] !== undefined) return [problem];
  throw new VaultError("config_invalid", `${problem}, or serve with --allow-old-runtime if you know what that means`);
}

/**
 * Returns a warning where this runtime's HTTP/1 server answers requests with `Upgrade` and `Content-Length: 0` with an
 * empty 400, before any handler (denoland/deno#34446); null where it does not.
 */
export function refusesUpgrades(version: string = Deno.version.deno): string | null {
  if (!isAtLeast(version, firstRefusing)) return null;
  return `Deno ${version} answers 400 to Java's own HTTP client (java.net.http) on plain http, unless the client asks ` +
    "for HTTP/1.1 or the vault serves TLS; see docs/running.md, Java clients";
}

function isAtLeast(version: string, wanted: readonly number[]): boolean {
  const parts = version.split(".").map((part) => parseInt(part, 10));
  for (const [index, least] of wanted.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}
