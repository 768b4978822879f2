import type { z } from "zod";
import type { OwnRequestInfo } from "../server/own_pages.ts";
import type { Reply } from "../server/reply.ts";

/** A request that has been checked against the schemas of its route. */
export interface Asked<Query = unknown, Body = unknown> {
  readonly query: Query;
  readonly body: Body;
  /** What the path has in place of `{name}`; empty without one. Still percent-encoded. */
  readonly name: string;
  /** The query as it was sent, with its question mark. */
  readonly rawQuery: string;
  readonly isAdministrator: boolean;
  readonly info: OwnRequestInfo;
}

/** An answer before it is made JSON of. */
export interface Answer {
  /** 200 when absent. */
  readonly status?: number;
  readonly body: unknown;
  readonly headers?: readonly (readonly [string, string])[];
}

/** One thing that can be asked of the API. The schemas are what its description is made of. */
export type Route = AnswerRoute | ReplyRoute;

interface RouteSpec<Query extends z.ZodType = z.ZodType, Body extends z.ZodType = z.ZodType> {
  readonly method: "GET" | "POST";
  /** Below `/-/api/v1`: `/stats`; `{name}` at its end stands for the rest of the path. */
  readonly path: string;
  readonly summary: string;
  readonly query: Query;
  /** Absent for GET. */
  readonly body?: Body;
  /** What is answered with which status. */
  readonly answers: Readonly<Record<number, z.ZodType>>;
  /** True where only administrators may see it; whatever changes something is for them anyway. */
  readonly isPrivate?: boolean;
}

/** A route that answers in JSON. */
export interface AnswerRoute<Query extends z.ZodType = z.ZodType, Body extends z.ZodType = z.ZodType>
  extends RouteSpec<Query, Body> {
  answer(asked: Asked<z.output<Query>, z.output<Body>>): Answer | Promise<Answer>;
}

/** A route that makes its whole reply. */
export interface ReplyRoute extends RouteSpec {
  // deno-lint-ignore no-explicit-any -- the body is what the schema of the route says
  reply(asked: Asked<unknown, any>, method: string): Reply;
}

/** Types a route by its schemas. */
export function route<Query extends z.ZodType, Body extends z.ZodType>(route: AnswerRoute<Query, Body>): Route {
  return route as unknown as Route;
}
