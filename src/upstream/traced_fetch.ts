import { activeSpan, beginClientSpan, failSpan, isTracing, type Span, within } from "../observe/tracing.ts";
import { networkFailure } from "./network_error.ts";
import { shownUrl } from "./shown_url.ts";

/**
 * Sends a request with this client. Where Deno traces, a span says so without what is secret in a URL. Rejects as
 * `fetch`.
 */
export function sendTraced(request: Request, client: Deno.HttpClient): Promise<Response> {
  return isTracing() ? send(request, client) : fetch(request, { client });
}

async function send(request: Request, client: Deno.HttpClient): Promise<Response> {
  const span = beginClientSpan(request.method);
  describe(span, request);
  try {
    const response = await within(span, () => fetch(request, withoutItsSpan(span, client)));
    span.setAttribute("http.response.status_code", BigInt(response.status));
    if (response.status >= 400) failSpan(span, String(response.status));
    return response;
  } catch (error) {
    failSpan(span, request.signal.aborted ? "cancelled" : networkFailure(error).kind);
    throw error;
  } finally {
    span.end();
  }
}

/** The names are those of the semantic conventions for HTTP, version 1.23. */
function describe(span: Span, { method, url }: Request): void {
  const { protocol, hostname, port } = new URL(url);
  span.setAttribute("http.request.method", method);
  span.setAttribute("url.full", shownUrl(url));
  span.setAttribute("server.address", hostname);
  span.setAttribute("server.port", BigInt(port || (protocol === "https:" ? 443 : 80)));
}

/**
 * The options of `fetch`, whose own span ends when they are read, while it says nothing yet: it would hold the whole
 * URL, with signatures and tokens, also in the texts of its errors (docs/decisions/114-traces-without-secrets.md).
 */
function withoutItsSpan(parent: Span, client: Deno.HttpClient): RequestInit & { readonly client: Deno.HttpClient } {
  return {
    get client() {
      const own = activeSpan();
      if (own !== parent) own?.end();
      return client;
    },
  };
}
