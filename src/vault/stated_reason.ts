/** Error bodies are looked at up to here. */
const maxBytes = 8 * 1024;
const maxCharacters = 200;
/** Who waits for the answer waits no longer than this for the words behind its status. */
const patienceMs = 1000;

/**
 * What an upstream says about a request that it refused, in one line of at most 200 characters: the first line of a
 * plain text, or the message in a JSON document. Null where it says nothing, sends another type, or is slow. Ends the
 * response's body.
 */
export async function statedReason(response: Response): Promise<string | null> {
  const type = (response.headers.get("content-type") ?? "").toLowerCase();
  const isJson = /^[^;]*[/+]json\b/.test(type);
  if (response.body === null || !(isJson || type.startsWith("text/plain"))) {
    await response.body?.cancel().catch(() => {});
    return null;
  }
  const text = await firstText(response.body);
  return oneLine(isJson ? messageIn(text) : text.trimStart().split("\n", 1)[0]!);
}

async function firstText(body: ReadableStream<Uint8Array>): Promise<string> {
  const reader = body.getReader();
  const timer = setTimeout(() => void reader.cancel().catch(() => {}), patienceMs);
  const decoder = new TextDecoder();
  let text = "";
  try {
    while (text.length < maxBytes) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value.subarray(0, maxBytes), { stream: true });
    }
  } catch {
    // Words that break off are still words.
  } finally {
    clearTimeout(timer);
    await reader.cancel().catch(() => {});
  }
  return text;
}

/** `errors[0].message` as registries have it (distribution-spec, "Error codes"), and what other servers use. */
function messageIn(text: string): string {
  try {
    const { errors, error, message, detail } = asObject(JSON.parse(text));
    const first = Array.isArray(errors) ? errors[0] : undefined;
    const stated = [asObject(first).message, first, message, asObject(error).message, error, detail];
    return stated.find((value) => typeof value === "string") as string | undefined ?? "";
  } catch {
    return "";
  }
}

function asObject(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

/** Null for nothing. */
function oneLine(text: string): string | null {
  const line = text.replace(/[\p{Cc}\p{Cf}\s]+/gu, " ").trim();
  if (line === "") return null;
  return line.length <= maxCharacters ? line : `${line.slice(0, maxCharacters - 1)}…`;
}
