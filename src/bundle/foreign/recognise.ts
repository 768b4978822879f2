import type { BackendType, Shelving } from "../../backends/backend_type.ts";
import { backendTypes } from "../../backends/types.ts";
import { readSmall } from "../../backends/shared/shelves/read_small.ts";
import { VaultError } from "../../errors.ts";
import type { Shelf } from "../../shelf.ts";
import { maxIndexBytes } from "../index_document.ts";
import { isOwnIndex } from "./is_foreign.ts";
import { openSourceTree } from "./source_tree.ts";

/** Something that another program has made, and that a type of backend recognises. */
export interface ForeignSource {
  /** What it is, to stand after "is": `an OCI image layout`. */
  readonly description: string;
  readonly shelf: Shelf;
  readonly type: BackendType;
  /** Removes what was unpacked for it. */
  close(): void;
}

export interface RecogniseOptions {
  /** An existing folder for what has to be unpacked first. */
  readonly spoolDir: string;
  /** Those of the program where absent. */
  readonly types?: readonly BackendType[];
}

/**
 * Recognises a directory or an archive that a type of backend can import. Throws `bad_request` where none does, for
 * what cannot be read or is no archive, and for a bundle that another program has packed; `permission_missing`.
 */
export async function recogniseForeign(path: string, options: RecogniseOptions): Promise<ForeignSource> {
  const { spoolDir, types = backendTypes } = options;
  const tree = await openSourceTree(path, spoolDir);
  try {
    const index = await readSmall(tree, "index.json", maxIndexBytes);
    if (index !== null && isOwnIndex(new TextDecoder().decode(index))) {
      throw refusal(path, "it is a bundle that another program has packed; unpack it, and import the folder");
    }
    for (const type of types) {
      const shelf = await (type.shelving as Shelving | undefined)?.open(tree);
      if (shelf) return { description: shelf.description, shelf, type, close: () => tree.close() };
    }
    const known = types.flatMap((type) => (type.shelving as Shelving | undefined)?.recognises ?? []).join("; ");
    throw refusal(path, `it is no bundle, and nothing else that is recognised: ${known}`);
  } catch (error) {
    tree.close();
    throw error;
  }
}

function refusal(path: string, why: string): VaultError {
  return new VaultError("bad_request", `Cannot import "${path}": ${why}`);
}
