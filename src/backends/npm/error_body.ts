import type { BackendRequest, DirectAnswer } from "../../backend.ts";
import type { VaultError } from "../../errors.ts";
import type { HeaderList } from "../../http/headers.ts";

const json = "application/json; charset=utf-8";

/** Prints an error as clients of registries read it: they show what is in `error`. */
export function formatError(error: VaultError, request: BackendRequest): Omit<DirectAnswer, "status"> {
  const { code, message } = error;
  const text = code === "method_not_allowed" ? readOnly(request) : message;
  return { contentType: json, headers: [], body: JSON.stringify({ error: text, code }) };
}

/** Returns an answer in JSON. */
export function jsonAnswer(status: number, value: unknown, headers: HeaderList = []): DirectAnswer {
  return { status, contentType: json, headers, body: JSON.stringify(value) };
}

/** Says what to do instead of a request that would change something. */
function readOnly({ method = "GET", path }: BackendRequest): string {
  const isLogin = /^\/-\/(?:user|v1\/login|npm\/v1\/oidc)(?:\/|$)/.test(path);
  const instead = isLogin
    ? "log in at the registry itself, with --registry; whoever asks this vault needs no login of it"
    : "publish, and change anything else, at the registry itself, with --registry";
  return `${method} is not supported here: this is a cache that only reads; ${instead}`;
}
