/** One operation of a trace (OpenTelemetry). After `end` it takes nothing any more. */
export interface Span {
  setAttribute(name: string, value: string | number | bigint): void;
  setStatus(status: { readonly code: number; readonly message?: string }): void;
  updateName(name: string): void;
  end(): void;
}

/** The status code of a span that failed (OpenTelemetry API, `SpanStatusCode.ERROR`). */
const failed = 2;
/** The kind of a span that asks another program (`SpanKind.CLIENT`). */
const ofClient = 2;

interface Context {
  getValue(key: symbol): unknown;
  setValue(key: symbol, value: unknown): Context;
  deleteValue(key: symbol): Context;
}

/** Under these keys the API for JavaScript keeps what it has of a trace, and Deno does likewise. */
const spanKey = Symbol.for("OpenTelemetry Context Key SPAN");
const baggageKey = Symbol.for("OpenTelemetry Baggage Key");
const apiKey = Symbol.for("opentelemetry.js.api.1");

/** Says whether Deno traces: with `OTEL_DENO=true` in its environment. */
export function isTracing(): boolean {
  const api = (globalThis as { [apiKey]?: { readonly trace?: unknown } })[apiKey];
  return api?.trace !== undefined;
}

/** Returns the span of what is going on; null for none. */
export function activeSpan(): Span | null {
  return activeContext().getValue(spanKey) as Span | undefined ?? null;
}

/** Begins a span about a question to another program, as part of what is going on. */
export function beginClientSpan(name: string): Span {
  return Deno.telemetry.tracerProvider.getTracer("artifact-vault").startSpan(name, { kind: ofClient });
}

/** Does something as a part of this span, without the `baggage` that a client may have sent. */
export function within<Result>(span: Span, action: () => Result): Result {
  const context = activeContext().setValue(spanKey, span).deleteValue(baggageKey);
  return Deno.telemetry.contextManager.with(context, action);
}

/** Marks a span as one that failed, for a reason out of a small set. */
export function failSpan(span: Span, kind: string): void {
  span.setAttribute("error.type", kind);
  span.setStatus({ code: failed });
}

function activeContext(): Context {
  return Deno.telemetry.contextManager.active();
}
