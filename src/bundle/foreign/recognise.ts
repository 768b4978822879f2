import type { BackendType, Shelving } from "../../backends/backend_type.ts";
import { backendTypes, typeOf } from "../../backends/types.ts";
import { readSmall } from "../../backends/shared/shelves/read_small.ts";
import type { BackendConfig, Config } from "../../config/schema.ts";
import { VaultError } from "../../errors.ts";
import type { Shelf, SourceTree } from "../../shelf.ts";
import { maxIndexBytes } from "../index_document.ts";
import { isOwnIndex } from "./is_foreign.ts";
import { claimFolders, isOriginalCache, type LeftOut } from "./original_cache.ts";
import { openSourceTree } from "./source_tree.ts";

/** What a source has for backends of one type. */
export interface ForeignPart {
  readonly type: BackendType;
  readonly shelf: Shelf;
  /** Those that it may be for, in the order of the configuration. */
  readonly backends: readonly BackendConfig[];
}

/** Something that another program has made, and that types of backend recognise. */
export interface ForeignSource {
  /** What it is, to stand after "is": `an OCI image layout`. */
  readonly description: string;
  /** One, but for a source of several protocols. */
  readonly parts: readonly ForeignPart[];
  /** What is for no backend at all. */
  readonly leftOut: readonly LeftOut[];
  /** As `OpenedTree.totalBytes`. */
  totalBytes(): Promise<number>;
  /** Removes what was unpacked for it. */
  close(): void;
}

export interface RecogniseOptions {
  /** An existing folder for what has to be unpacked first. */
  readonly spoolDir: string;
  readonly config: Config;
  /** The names of the source that mean other names here; none where absent. */
  readonly renamed?: ReadonlyMap<string, string>;
  /** Those of the program where absent. */
  readonly types?: readonly BackendType[];
}

/**
 * Recognises a directory or an archive that a type of backend can import. Throws `bad_request` where none does, for
 * what cannot be read or is no archive, and for a bundle that another program has packed; `permission_missing`.
 */
export async function recogniseForeign(path: string, options: RecogniseOptions): Promise<ForeignSource> {
  const { spoolDir, types = backendTypes } = options;
  const { backends } = options.config;
  const tree = await openSourceTree(path, spoolDir);
  try {
    const index = await readSmall(tree, "index.json", maxIndexBytes);
    if (index !== null && isOwnIndex(new TextDecoder().decode(index))) {
      throw refusal(path, "it is a bundle that another program has packed; unpack it, and import the folder");
    }
    const [totalBytes, close] = [() => tree.totalBytes(), () => tree.close()];
    // It may look like what one protocol recognises, such as a folder with `dists`.
    if (await isOriginalCache(tree)) return { ...await openOriginalCache(tree, options), totalBytes, close };
    for (const type of types) {
      const shelf = await (type.shelving as Shelving | undefined)?.open(tree);
      if (!shelf) continue;
      const own = backends.filter((backend) => typeOf(backend, types) === type);
      return {
        description: shelf.description,
        parts: [{ type, shelf, backends: own }],
        leftOut: [],
        totalBytes,
        close,
      };
    }
    throw refusal(path, `it is no bundle, and nothing else that is recognised: ${recognisedForms(types)}`);
  } catch (error) {
    tree.close();
    throw error;
  }
}

/** What is recognised, as nouns. */
export function recognisedForms(types: readonly BackendType[] = backendTypes): string {
  return types.flatMap((type) => (type.shelving as Shelving | undefined)?.recognises ?? [])
    .concat("the cache of the original Artifact Vault").join("; ");
}

async function openOriginalCache(
  tree: SourceTree,
  { config: { backends }, renamed = new Map(), types = backendTypes }: RecogniseOptions,
): Promise<Omit<ForeignSource, "totalBytes" | "close">> {
  const { claimed, leftOut } = await claimFolders(tree, backends, renamed);
  const parts: ForeignPart[] = [];
  for (const { backend, folder } of claimed) {
    const type = typeOf(backend, types);
    const shelf = await (type.shelving as Shelving | undefined)?.openCached(folder, backend);
    if (shelf) parts.push({ type, shelf, backends: [backend] });
    else {leftOut.push({
        name: folder.name,
        reason: `what is cached for the type "${backend.type}" cannot be imported`,
      });}
  }
  return { description: "the cache of the original Artifact Vault", parts, leftOut };
}

function refusal(path: string, why: string): VaultError {
  return new VaultError("bad_request", `Cannot import "${path}": ${why}`);
}
