import type { Artifact } from "../../../artifact.ts";
import type { Parser, ReadableBody } from "../../../document.ts";
import type { VaultReader } from "../../../reader.ts";
import { VaultError } from "../../../errors.ts";
import type { GenerationRules, RootDocument, RootRead } from "./generation.ts";

/** Reads a root document. Throws as `VaultReader.read`, and `upstream_failed` for bytes that are none. */
export type ReadRoot<Root> = (artifact: Artifact, vault: VaultReader) => Promise<RootRead<Root>>;

const errorBytes = 1000;

/** A parse error is cached as a value: a broken document is not parsed again for each client. */
export function createRootReader<Root>({ noun, maxRootBytes, parse, sizeOf }: GenerationRules<Root>): ReadRoot<Root> {
  const reading: Parser<RootDocument<Root> | VaultError> = {
    name: `generation by ${noun}`,
    maxBytes: maxRootBytes,
    async parse(body) {
      const bytes = await body.bytes();
      try {
        return { root: await parse(inMemory(bytes, body)), bytes };
      } catch (error) {
        if (error instanceof VaultError) return error;
        throw error;
      }
    },
    sizeOf: (made) => made instanceof VaultError ? errorBytes : sizeOf(made.root) + made.bytes.byteLength,
  };
  return async (artifact, vault) => {
    const { value, ...read } = await vault.read(artifact, reading);
    if (value instanceof VaultError) throw value;
    return { ...read, value };
  };
}

/** The body that these bytes were read from, which can be read again. */
function inMemory(bytes: Uint8Array<ArrayBuffer>, { headers, url, location, signal }: ReadableBody): ReadableBody {
  return {
    ...{ headers, url, location, sizeBytes: bytes.byteLength },
    ...signal && { signal },
    bytes: () => Promise.resolve(bytes),
    stream: () => new Blob([bytes]).stream(),
  };
}
