import { createHash } from "node:crypto";
import type { CachingPolicy } from "../../artifact.ts";
import type { VaultReader } from "../../reader.ts";
import { VaultError } from "../../errors.ts";
import { inBatches } from "../shared/batches.ts";
import { BriefMemory } from "../shared/brief_memory.ts";
import { storedArtifact } from "../shared/stored_artifact.ts";
import { addressOf } from "./indexes.ts";
import type { IndexDocument } from "./index_document.ts";
import { keyOrUrl } from "./listed_files.ts";
import { parsePage } from "./parse_page.ts";

/** A file of a page, as far as it matters for whether it can be delivered. */
export interface PageAddress {
  /** The file's URL on the page. */
  readonly url: string;
  /** The same without its query, as the file is requested; the metadata beside it has `.metadata` behind it. */
  readonly address: string;
  readonly hasMetadata: boolean;
}

/** The files of a page that are shown, by their URLs on it. */
export interface Deliverable {
  readonly files: readonly string[];
  /** The same files by their addresses, as in `PageAddress`, for documents that have other URLs. */
  readonly addresses: readonly string[];
  /** Those of them whose metadata can be delivered, too: pip fails where it cannot have what the page announces. */
  readonly metadata: readonly string[];
  /** Changes with what is shown. */
  readonly name: string;
}

const mostProjects = 1000;
/** Each may read a file. */
const looksAtOnce = 500;

/** Parses a page to the addresses of its files. Throws `upstream_failed` for a document that is no page. */
export function listAddresses([document]: readonly IndexDocument[], _options: null): PageAddress[] {
  return parsePage(document!).files.map((file) => (
    { url: file.url, address: addressOf(file), hasMetadata: file.coreMetadata !== null }
  ));
}

/** Finds out which files of a page are cached: offline, no others can be delivered. */
export class DeliverableFiles {
  readonly #backend: string;
  readonly #policy: CachingPolicy;
  readonly #known = new BriefMemory<Deliverable>(mostProjects);

  constructor({ backend, policy }: { readonly backend: string; readonly policy: CachingPolicy }) {
    this.#backend = backend;
    this.#policy = policy;
  }

  /** `sha256` is that of the page. Throws `offline` where the page has files and none of them is cached. */
  async of(
    project: string,
    { value, sha256 }: { readonly value: readonly PageAddress[]; readonly sha256: string },
    vault: VaultReader,
  ): Promise<Deliverable> {
    const found = await this.#known.get(`${project} ${sha256}`, () => this.#find(value, vault));
    if (found.files.length > 0 || value.length === 0) return found;
    throw new VaultError(
      "offline",
      `No file of "${project}" is in the cache, and the vault is offline for "${this.#backend}": it asks no upstream`,
    );
  }

  async #find(addresses: readonly PageAddress[], vault: VaultReader): Promise<Deliverable> {
    const files: string[] = [];
    const addressesOfFiles: string[] = [];
    const metadata: string[] = [];
    for await (const batch of inBatches(addresses, looksAtOnce)) {
      for (const { url, address, hasMetadata } of batch) {
        if (!this.#holds(address, vault)) continue;
        files.push(url);
        addressesOfFiles.push(address);
        if (hasMetadata && this.#holds(`${address}.metadata`, vault)) metadata.push(url);
      }
    }
    const name = createHash("sha256").update(JSON.stringify([files, metadata])).digest("hex");
    return { files, addresses: addressesOfFiles, metadata, name };
  }

  #holds(address: string, vault: VaultReader): boolean {
    return vault.holds(storedArtifact(this.#backend, keyOrUrl(address), this.#policy));
  }
}
