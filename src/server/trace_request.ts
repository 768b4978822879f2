import { activeSpan, isTracing } from "../observe/tracing.ts";
import type { Exchange } from "./exchange.ts";
import type { Reply } from "./reply.ts";

/** Says in the span of a request, where Deno traces, what the vault made of it. */
export function traceRequest({ backend, id, route, request }: Exchange, { cache }: Reply): void {
  if (!isTracing()) return;
  const span = activeSpan();
  if (span === null) return;
  span.setAttribute("vault.backend", backend);
  span.setAttribute("vault.cache", cache);
  span.setAttribute("vault.request_id", id);
  if (route === null) return;
  span.setAttribute("http.route", route.backend.prefix);
  span.updateName(`${request.method} ${route.backend.prefix}`);
}
