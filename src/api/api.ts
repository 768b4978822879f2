import { type ErrorCode, errorStatus, VaultError } from "../errors.ts";
import { notModified } from "../http/conditional.ts";
import { jsonOrNull } from "../http/json.ts";
import type { Target } from "../http/path.ts";
import { redact } from "../observe/redact.ts";
import type { Administrators } from "../server/administrator.ts";
import type { OwnPages, OwnRequestInfo } from "../server/own_pages.ts";
import { problemReply, wrongMethod } from "../server/problem.ts";
import { type Reply, textReply } from "../server/reply.ts";
import { openApiOf } from "./open_api.ts";
import { base, events, isApi } from "./paths.ts";
import type { Answer, Asked, Route } from "./route.ts";
import { anyQuery } from "./schemas.ts";
import { wrongInput } from "./wrong_input.ts";

export interface ApiOptions {
  readonly routes: readonly Route[];
  readonly administrators: Administrators;
  readonly version: string;
}

/** Larger bodies than lists of a few thousand lines are refused. */
const maxBodyBytes = 1024 * 1024;

/** Creates the JSON API below `/-/api/v1`. Errors are problem details (RFC 9457). */
export function createApi(options: ApiOptions): OwnPages {
  const api = new Api(options);
  return {
    answer(method, target, headers, info) {
      if (!isApi(target.path)) return null;
      const path = target.path === events ? `${base}/events` : target.path;
      return api.answer(method, { ...target, path }, headers, info);
    },
  };
}

interface Found {
  readonly route: Route;
  readonly name: string;
}

class Api {
  readonly #options: ApiOptions;
  #description: string | null = null;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  async answer(method: string, target: Target, headers: Headers, info: OwnRequestInfo): Promise<Reply> {
    const path = target.path.startsWith(`${base}/`) ? target.path.slice(base.length) : "";
    if (path === "/openapi.json") return this.#describe(method, headers);
    const found = this.#options.routes.flatMap((route) => matchOf(route, path) ?? []);
    if (found.length === 0) {
      return problemReply(method, {
        status: 404,
        detail: `There is nothing at ${target.path}: ${base}/openapi.json says what there is`,
      });
    }
    const wanted = method === "HEAD" ? "GET" : method;
    const one = found.find(({ route }) => route.method === wanted);
    if (one === undefined) {
      return wrongMethod(
        method,
        found.flatMap(({ route }) => route.method === "GET" ? ["GET", "HEAD"] : [route.method]),
      );
    }
    const { route } = one;
    const { administrators } = this.#options;
    const isAdministrator = administrators.isOne(headers, info);
    const isChange = route.method !== "GET";
    const refusal = isChange || route.isPrivate && !isAdministrator
      ? administrators.refusal(method, headers, info)
      : null;
    if (refusal !== null) return refusal;
    try {
      const body = isChange ? await this.#bodyOf(route, headers, info) : undefined;
      const query = route.query === anyQuery ? {} : checked(route.query, queryOf(target.query), "query");
      const asked: Asked = { query, body, name: one.name, rawQuery: target.query, isAdministrator, info };
      if ("reply" in route) return route.reply(asked, method);
      return answerReply(method, await route.answer(asked), headers);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      return problemOf(method, error);
    }
  }

  async #bodyOf(route: Route, headers: Headers, info: OwnRequestInfo): Promise<unknown> {
    const type = headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
    const bytes = await info.readBody(maxBodyBytes);
    const text = utf8OrNull(bytes ?? new Uint8Array());
    if (text === null) throw new VaultError("bad_request", "The body is no UTF-8, as JSON has to be");
    if (text !== "" && type !== "application/json") {
      throw new VaultError("bad_request", "The body has to be JSON: send Content-Type: application/json");
    }
    const value = text === "" ? {} : jsonOrNull(text);
    if (value === null) throw new VaultError("bad_request", "The body is no JSON object");
    return checked(route.body!, value, "body");
  }

  #describe(method: string, headers: Headers): Reply {
    if (method !== "GET" && method !== "HEAD") return wrongMethod(method, ["GET", "HEAD"]);
    const { routes, version } = this.#options;
    this.#description ??= `${JSON.stringify(openApiOf(routes, version), null, 2)}\n`;
    return taggedReply(method, this.#description, headers);
  }
}

function matchOf(route: Route, path: string): Found | null {
  const { path: template } = route;
  if (!template.endsWith("{name}")) return path === template ? { route, name: "" } : null;
  const start = template.slice(0, -"{name}".length);
  return path.startsWith(start) && path.length > start.length ? { route, name: path.slice(start.length) } : null;
}

function utf8OrNull(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

function checked(schema: Route["query"], value: unknown, where: "query" | "body"): unknown {
  const { data, error } = schema.safeParse(value);
  if (error !== undefined) throw wrongInput(error, where);
  return data;
}

/** Throws for a parameter that comes twice: which one counts could not be told. */
function queryOf(query: string): Record<string, string> {
  const parameters = [...new URLSearchParams(query)];
  const names = new Set(parameters.map(([name]) => name));
  if (names.size < parameters.length) throw new VaultError("bad_request", "A parameter of the query comes twice");
  return Object.fromEntries(parameters);
}

function answerReply(method: string, { status = 200, body, headers = [] }: Answer, asked: Headers): Reply {
  const text = `${JSON.stringify(body)}\n`;
  if (method !== "POST") return taggedReply(method, text, asked);
  return textReply(method, text, { status, contentType: "application/json", headers });
}

/** What can be looked at again and again: 304 for whoever has it. */
function taggedReply(method: string, text: string, asked: Headers): Reply {
  const etag = etagOf(text);
  if (notModified(asked, { etag, lastModified: undefined })) {
    return { status: 304, headers: [["etag", etag], ["cache-control", "no-store"]], body: null, cache: "none" };
  }
  return textReply(method, text, { contentType: "application/json", headers: [["etag", etag]] });
}

/** A tag of the bytes: FNV-1a is enough to tell one state from the next. */
function etagOf(text: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return `"${text.length.toString(36)}-${(hash >>> 0).toString(36)}"`;
}

/** What is wrong with a request of this API is no fault of the server's. */
const statusOf: Readonly<Partial<Record<ErrorCode, number>>> = { config_invalid: 422, denied: 409, not_found: 404 };

function problemOf(method: string, { code, message, retryAfterSeconds }: VaultError): Reply {
  const status = statusOf[code] ?? errorStatus[code];
  const wait = retryAfterSeconds === undefined
    ? {}
    : { headers: [["retry-after", String(retryAfterSeconds)]] as const };
  return problemReply(method, { status, detail: redact(message), more: { code }, ...wait });
}
