import type { GeneratedDocument } from "../../backend.ts";
import type { VaultReader } from "../../reader.ts";
import { VaultError } from "../../errors.ts";
import { BriefMemory } from "../shared/brief_memory.ts";
import type { Indexes } from "./indexes.ts";
import { isProjectName } from "./names.ts";
import type { PageFormat } from "./page_format.ts";
import { rendered } from "./page_work.ts";
import { renderProjectList } from "./project_list.ts";

/** The projects whose page is cached: offline, no other can be delivered. */
export class CachedProjects {
  readonly #backend: string;
  readonly #indexes: Indexes;
  readonly #known = new BriefMemory<readonly string[]>(1);

  constructor(backend: string, indexes: Indexes) {
    this.#backend = backend;
    this.#indexes = indexes;
  }

  /** Returns the list of them. Throws `offline` where there is none. */
  async document(form: PageFormat, vault: VaultReader): Promise<GeneratedDocument> {
    const names = await this.#known.get("", () => this.#find(vault));
    if (names.length === 0) {
      throw new VaultError(
        "offline",
        `No page of a project is in the cache, and the vault is offline for "${this.#backend}": it asks no upstream`,
      );
    }
    const list = { projects: new Map(names.map((name) => [name, { name }])), keys: { meta: { "api-version": "1.0" } } };
    const upstream = `${this.#indexes.all[0]!.url}/`;
    return {
      ...rendered(await renderProjectList(list, form.form), form),
      source: { cacheStatus: { hit: true, detail: "offline" }, ageSeconds: 0, upstream },
    };
  }

  async #find(vault: VaultReader): Promise<readonly string[]> {
    const names = new Set<string>();
    for await (const { key } of vault.entries(this.#backend, "/simple/")) {
      const [, name = ""] = /^\/simple\/([^/;]+)\/$/.exec(key) ?? [];
      if (isProjectName(name) && this.#indexes.permit(name)) names.add(name);
    }
    return [...names];
  }
}
