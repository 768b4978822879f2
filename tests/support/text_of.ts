import type { Body } from "../../src/server/reply.ts";
import { streamOf } from "../../src/vault/streams/chunks.ts";

/** The body of an answer that has not been sent, as text. */
export async function textOf(body: Body): Promise<string> {
  return await new Response(body !== null && "read" in body ? streamOf(body) : body).text();
}
