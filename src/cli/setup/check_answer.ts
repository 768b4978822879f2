import { messageOf, VaultError } from "../../errors.ts";

const patienceMs = 15_000;
const mostShown = 500;

/** Asks a vault with one request whether it serves a client. Throws `upstream_failed` where it does not. */
export async function checkAnswer(url: string): Promise<void> {
  const advice = "Nothing was changed. Look at the vault, at --url and --prefix, or leave this out with --no-check";
  let status: number;
  let text: string;
  try {
    const answer = await fetch(url, { redirect: "manual", signal: AbortSignal.timeout(patienceMs) });
    [status, text] = [answer.status, await answer.text()];
  } catch (error) {
    throw new VaultError("upstream_failed", `${url} does not answer: ${messageOf(error)}. ${advice}`, { cause: error });
  }
  if (status === 200 && text.startsWith("#!/bin/sh")) return;
  const said = text === "" ? "" : `: ${text.slice(0, mostShown).trim()}`;
  throw new VaultError("upstream_failed", `${url} answers ${status}${said}. ${advice}`);
}
