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
import { unwrapped } from "./sub_tree.ts";

/** What a source has for backends of one type. */
export interface ForeignPart {
  readonly type: BackendType;
  readonly shelf: Shelf;
  /** The path of its files: of the source, or of a folder in it. */
  readonly name: string;
  /** Those that it may be for, in the order of the configuration. */
  readonly backends: readonly BackendConfig[];
}

/** Something that another program has made, and that types of backend recognise. */
export interface ForeignSource {
  /** Its path, as the user wrote it. */
  readonly name: string;
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
 * what cannot be read or is no archive, and for a bundle that another program has packed; `config_invalid` for a name
 * that means nothing in the source; `permission_missing`.
 */
export async function recogniseForeign(path: string, options: RecogniseOptions): Promise<ForeignSource> {
  const tree = await openSourceTree(path, options.spoolDir);
  try {
    const found = await recogniseTree(tree, path, options);
    await requireNames(path, found.names, options.renamed ?? new Map());
    return { ...found, name: path, totalBytes: () => tree.totalBytes(), close: () => tree.close() };
  } catch (error) {
    tree.close();
    throw error;
  }
}

interface Recognised extends Pick<ForeignSource, "description" | "parts" | "leftOut"> {
  /** The names in it that may mean other names here. */
  readonly names: AsyncIterable<string> | Iterable<string>;
}

async function recogniseTree(tree: SourceTree, path: string, options: RecogniseOptions): Promise<Recognised> {
  const { types = backendTypes, config: { backends } } = options;
  for await (const inner of unwrapped(tree)) {
    const index = await readSmall(inner, "index.json", maxIndexBytes);
    if (index !== null && isOwnIndex(new TextDecoder().decode(index))) {
      throw refusal(path, "it is a bundle that another program has packed; unpack it, and import the folder");
    }
    // It may look like what one protocol recognises, such as a folder with `dists`. It is found within a folder, too.
    if (inner === tree && await isOriginalCache(tree)) return await openOriginalCache(tree, options);
    for (const type of types) {
      const shelf = await (type.shelving as Shelving | undefined)?.open(inner);
      if (!shelf) continue;
      const own = backends.filter((backend) => typeOf(backend, types) === type);
      const { description } = shelf;
      return {
        description,
        parts: [{ type, shelf, name: inner.name, backends: own }],
        leftOut: [],
        names: shelf.names?.() ?? [],
      };
    }
  }
  throw refusal(path, `it is no bundle, and nothing else that is recognised: ${recognisedForms(types)}`);
}

/** A name that is written wrong would leave everything where it must not be. */
async function requireNames(
  path: string,
  names: Recognised["names"],
  renamed: ReadonlyMap<string, string>,
): Promise<void> {
  const unknown = new Map(renamed);
  const known: string[] = [];
  if (unknown.size === 0) return;
  for await (const name of names) {
    if (known.length <= mostShown) known.push(name);
    if (unknown.delete(name) && unknown.size === 0) return;
  }
  const maps = [...unknown].map(([from, to]) => `--map ${from}=${to}`).join(", ");
  const shown = known.slice(0, mostShown).join(", ") + (known.length > mostShown ? " …" : "");
  const why = shown === "" ? "" : `: the names in it are ${shown}`;
  throw new VaultError("config_invalid", `Cannot import "${path}" with ${maps}, which changes nothing${why}`);
}

/** So many names are enough for an example. */
const mostShown = 5;

/** What is recognised, as nouns. */
export function recognisedForms(types: readonly BackendType[] = backendTypes): string {
  return types.flatMap((type) => (type.shelving as Shelving | undefined)?.recognises ?? [])
    .concat("the cache of the original Artifact Vault").join("; ");
}

async function openOriginalCache(
  tree: SourceTree,
  { config: { backends }, renamed = new Map(), types = backendTypes }: RecogniseOptions,
): Promise<Recognised> {
  const { claimed, leftOut } = await claimFolders(tree, backends, renamed);
  const parts: ForeignPart[] = [];
  for (const { backend, folder } of claimed) {
    const type = typeOf(backend, types);
    const shelf = await (type.shelving as Shelving | undefined)?.openCached?.(folder, backend);
    if (shelf) parts.push({ type, shelf, name: `${tree.name}${folder.prefix}`, backends: [backend] });
    else {leftOut.push({
        name: folder.name,
        reason: `what is cached for the type "${backend.type}" cannot be imported`,
      });}
  }
  const folders = [...claimed.map(({ folder }) => folder.prefix.slice(1)), ...leftOut.map(({ name }) => name)];
  const names = folders.flatMap((name) => [name || "/", `/${name}`]);
  return { description: "the cache of the original Artifact Vault", parts, leftOut, names };
}

function refusal(path: string, why: string): VaultError {
  return new VaultError("bad_request", `Cannot import "${path}": ${why}`);
}
