import type { BackendType, Shelving } from "../../backends/backend_type.ts";
import { backendTypes } from "../../backends/types.ts";
import type { Shelf } from "../../shelf.ts";
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
 * Recognises a directory or an archive that a type of backend can import; null where none does. Throws `bad_request`
 * for what cannot be read, or is no archive, and `permission_missing`.
 */
export async function recogniseForeign(path: string, options: RecogniseOptions): Promise<ForeignSource | null> {
  const { spoolDir, types = backendTypes } = options;
  const tree = await openSourceTree(path, spoolDir);
  try {
    for (const type of types) {
      const shelf = await (type.shelving as Shelving | undefined)?.open(tree);
      if (shelf) return { description: shelf.description, shelf, type, close: () => tree.close() };
    }
  } catch (error) {
    tree.close();
    throw error;
  }
  tree.close();
  return null;
}
