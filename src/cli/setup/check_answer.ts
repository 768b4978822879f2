import { VaultError } from "../../errors.ts";
import type { Repository } from "../../setup/edit/repositories.ts";
import { parseRepositories } from "../../setup/vault_address.ts";
import { networkFailure } from "../../upstream/network_error.ts";

const patienceMs = 15_000;
const mostShown = 500;
const advice = "Nothing was changed. Look at the vault, at --url and --prefix, or leave this out with --no-check";

const trustAdvice = "Clients have to trust an authority of your own, too (docs/setup.md)";

/** Asks a vault with one request whether it serves a client. Throws `upstream_failed` where it does not. */
export async function checkAnswer(url: string): Promise<void> {
  const text = await read(url);
  if (!text.startsWith("#!/bin/sh")) throw new VaultError("upstream_failed", `${url} is no vault. ${advice}`);
}

/** Asks a vault which repositories of Debian packages it serves. Throws `upstream_failed` where it says nothing. */
export async function readRepositories(url: string): Promise<Repository[]> {
  return parseRepositories(await read(`${url}?repositories`));
}

async function read(url: string): Promise<string> {
  let status: number;
  let text: string;
  try {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(patienceMs) });
    [status, text] = [answer.status, await answer.text()];
  } catch (error) {
    const { kind, reason } = networkFailure(error);
    const trust = kind === "tls" ? `${trustAdvice}. ` : "";
    throw new VaultError("upstream_failed", `${url} does not answer: ${reason}. ${trust}${advice}`, { cause: error });
  }
  if (status === 200) return text;
  const said = text === "" ? "" : `: ${text.slice(0, mostShown).trim()}`;
  throw new VaultError("upstream_failed", `${url} answers ${status}${said}. ${advice}`);
}
