import assert from "node:assert/strict";
import type { AppFixture } from "../support/app_fixture.ts";

/** An answer of the API. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // deno-lint-ignore no-explicit-any -- tests look at what they expect
  readonly body: any;
}

/** Asks the API as a program on the same machine does. */
export async function askApi(app: Pick<AppFixture, "origin">, path: string, init?: RequestInit): Promise<ApiAnswer> {
  const response = await fetch(`${app.origin}/-/api/v1${path}`, init);
  const { status, headers } = response;
  const text = await response.text();
  assert.match(headers.get("content-type") ?? "", /json/, `${path}: ${status} ${text}`);
  // Of lines of JSON, the last one says what has come of it.
  const isLines = headers.get("content-type") === "application/jsonl";
  const json = isLines ? text.trimEnd().split("\n").at(-1)! : text;
  return { status, headers, body: json === "" ? null : JSON.parse(json) };
}

/** Sends a change. */
export function postApi(app: Pick<AppFixture, "origin">, path: string, body: unknown): Promise<ApiAnswer> {
  const headers = { "content-type": "application/json" };
  return askApi(app, path, { method: "POST", headers, body: JSON.stringify(body) });
}
