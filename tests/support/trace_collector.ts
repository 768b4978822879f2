/** A span as a collector gets it. */
export interface CollectedSpan {
  /** The name of what has made it: `deno`, `artifact-vault`. */
  readonly scope: string;
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  /** `server`, `client` or `other`. */
  readonly kind: string;
  readonly failed: boolean;
  readonly attributes: Readonly<Record<string, string | number>>;
}

interface Sent {
  readonly resourceSpans?: readonly { readonly scopeSpans: readonly SentScope[] }[];
}

interface SentScope {
  readonly scope: { readonly name: string };
  readonly spans: readonly SentSpan[];
}

interface SentSpan extends Pick<CollectedSpan, "name" | "traceId" | "spanId" | "parentSpanId"> {
  readonly kind: number;
  readonly status: { readonly code?: number };
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, string | number>> }[];
}

const kinds: Readonly<Record<number, string>> = { 2: "server", 3: "client" };

/** Takes what a program exports by OTLP over HTTP as JSON (OTLP specification 1.3, "OTLP/HTTP"). */
export class TraceCollector implements AsyncDisposable {
  readonly #bodies: string[] = [];
  readonly #server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    this.#bodies.push(await request.text());
    return Response.json({});
  });

  /** The environment of a program that is to export to it. */
  get environment(): Record<string, string> {
    return {
      OTEL_DENO: "true",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${this.#server.addr.port}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    };
  }

  /** All that was exported, as text. */
  get text(): string {
    return this.#bodies.join("\n");
  }

  /** The spans exported so far. */
  get spans(): CollectedSpan[] {
    const sent = this.#bodies.map((body): Sent => JSON.parse(body));
    const scopes = sent.flatMap(({ resourceSpans = [] }) => resourceSpans.flatMap(({ scopeSpans }) => scopeSpans));
    return scopes.flatMap(({ scope, spans }) => spans.map((span) => collected(scope.name, span)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

function collected(scope: string, { kind, status, attributes, ...ids }: SentSpan): CollectedSpan {
  const values = attributes.map(({ key, value: { stringValue, intValue, doubleValue } }) => {
    return [key, stringValue ?? Number(intValue ?? doubleValue)] as const;
  });
  const { name, traceId, spanId, parentSpanId } = ids;
  return {
    ...{ scope, name, traceId, spanId, parentSpanId, kind: kinds[kind] ?? "other", failed: status.code === 2 },
    attributes: Object.fromEntries(values),
  };
}
