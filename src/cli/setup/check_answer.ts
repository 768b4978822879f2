import { messageOf, VaultError } from "../../errors.ts";

const patienceMs = 15_000;

/** Asks a vault with one request whether it answers for a backend. Throws `upstream_failed` where it does not. */
export async function checkAnswer(url: string): Promise<void> {
  const advice = "Nothing was changed. Look at the vault, at --url and --prefix, or leave this out with --no-check";
  let status: number;
  try {
    const answer = await fetch(url, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(patienceMs) });
    status = answer.status;
  } catch (error) {
    throw new VaultError("upstream_failed", `${url} does not answer: ${messageOf(error)}. ${advice}`, { cause: error });
  }
  // A registry that wants a login answers 401, and does answer.
  if (status < 400 || status === 401) return;
  throw new VaultError("upstream_failed", `${url} answers ${status}. ${advice}`);
}
