import { EventStream } from "../api/event_stream.ts";
import { VaultError } from "../errors.ts";
import type { HeaderList } from "../http/headers.ts";
import type { Target } from "../http/path.ts";
import { redact } from "../observe/redact.ts";
import type { Administrators } from "../server/administrator.ts";
import { type OwnPages, type OwnRequestInfo, vaultUrl } from "../server/own_pages.ts";
import { wrongMethod } from "../server/problem.ts";
import { type Reply, textReply } from "../server/reply.ts";
import { type InventoryOrder, inventoryOrders } from "../status/inventory.ts";
import type { Status } from "../status/status.ts";
import { assetReply } from "./assets.ts";
import { type Asker, makeChange, type Notice, noticeOf } from "./changes.ts";
import { entryList, searchForm, type Wanted } from "./contents.ts";
import { entryLink } from "./entry_link.ts";
import { entryPage, type ShownEntry } from "./entry_page.ts";
import { foreign } from "./foreign_text.ts";
import { type Html, html } from "./html.ts";
import { isPage } from "./is_page.ts";
import { documentOf } from "./layout.ts";
import * as paths from "./paths.ts";
import { liveParts, madeOf, startPage } from "./start_page.ts";
import type { UsableBackend } from "./usage.ts";

export interface PagesOptions {
  readonly status: Status;
  readonly administrators: Administrators;
  /** The API, which makes the changes that forms ask for. */
  readonly api: () => Promise<OwnPages>;
  /** Everything about an entry, by its name; none where it is not cached. */
  readonly describeEntry: (name: string) => Promise<readonly ShownEntry[]>;
  /** The backends as clients are pointed at them, below this server's URL. */
  readonly backends: (url: string) => readonly UsableBackend[];
  /** Ends open pages when the server shuts down. */
  readonly closing: AbortSignal;
}

/**
 * No script, style or request but the page's own, and nobody may frame it: `style` attributes and handlers in markup
 * would not work (Content Security Policy, level 3).
 */
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; " +
  "form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const pageHeaders: HeaderList = [
  ["content-security-policy", policy],
  ["x-content-type-options", "nosniff"],
  // With no-referrer a browser would not say of its own forms that they are ours.
  ["referrer-policy", "same-origin"],
  ["vary", "Accept"],
];

const perPage = 100;

/** Creates the pages for people: the start page, and those below `/-/page/`. */
export function createPages(options: PagesOptions): OwnPages {
  const pages = new Pages(options);
  return {
    answer: (method, target, headers, info) =>
      isPage(target.path, headers) ? pages.answer(method, target, headers, info) : null,
  };
}

class Pages {
  readonly #options: PagesOptions;
  readonly #live: EventStream;

  constructor(options: PagesOptions) {
    this.#options = options;
    const { status, closing } = options;
    const made = () => this.#made();
    this.#live = new EventStream({
      closing,
      topics() {
        const parts = Object.entries(liveParts(status, status.inventory.known(), null));
        return { ...Object.fromEntries(parts.map(([name, { text }]) => [name, text])), made: made() };
      },
    });
  }

  async answer(method: string, target: Target, headers: Headers, info: OwnRequestInfo): Promise<Reply> {
    try {
      return await this.#answer(method, target, headers, info);
    } catch (error) {
      if (!(error instanceof VaultError)) throw error;
      const content = failure("That cannot be shown", redact(error.message), null);
      return page(method, "Error · Artifact Vault", content, error.status);
    }
  }

  async #answer(method: string, target: Target, headers: Headers, info: OwnRequestInfo): Promise<Reply> {
    if (target.path === paths.changePath) {
      return method === "POST" ? await this.#change(headers, info) : wrongMethod(method, ["POST"]);
    }
    if (method !== "GET" && method !== "HEAD") return wrongMethod(method, ["GET", "HEAD"]);
    const query = new URLSearchParams(target.query);
    switch (target.path) {
      case paths.home:
        return page(method, "Artifact Vault", this.#start(vaultUrl(target, info)));
      case paths.livePath:
        return this.#live.reply(method);
      case paths.entriesPath:
        return page(method, "Entries · Artifact Vault", await this.#entries(query));
    }
    const asset = assetReply(method, target, headers, pageHeaders);
    if (asset !== null) return asset;
    const name = paths.entryOf(target.path, target.query);
    if (name === null) {
      return page(method, "Not found · Artifact Vault", failure("Not found", "There is no such page.", null), 404);
    }
    const notice = await noticeOf(query, () => this.#asker(headers, info));
    return await this.#entry(method, name, { headers, info, notice });
  }

  async #asker(headers: Headers, info: OwnRequestInfo): Promise<Asker> {
    return { api: await this.#options.api(), headers, info };
  }

  /** Makes a change and leads back to the page of its entry, or says why it was not made. */
  async #change(headers: Headers, info: OwnRequestInfo): Promise<Reply> {
    const made = await makeChange(await this.#asker(headers, info));
    if (made.kind === "refused") {
      const content = failure("Nothing was changed", made.detail, made.name);
      return page("POST", "Not changed · Artifact Vault", content, made.status);
    }
    const { name, change, job } = made;
    const location = paths.entryPath(name, { done: change, ...job !== "" && { job } });
    return textReply("POST", `${location}\n`, { status: 303, headers: [["location", location], ...pageHeaders] });
  }

  #start(url: string): Html {
    const { status, backends } = this.#options;
    const parts = liveParts(status, status.inventory.summary(), Date.now());
    return startPage(parts, { backends: backends(url), origin: url, made: this.#made() });
  }

  #made(): string {
    const { status, backends } = this.#options;
    return madeOf(status.overview().version, backends("http://vault"));
  }

  async #entries(query: URLSearchParams): Promise<Html> {
    const { inventory } = this.#options.status;
    const sort = query.get("sort") ?? "";
    const wanted: Wanted = {
      search: query.get("search")?.slice(0, 500) ?? "",
      backend: query.get("backend") ?? "",
      sort: isOrder(sort) ? sort : "name",
    };
    const { search, backend } = wanted;
    const cursor = query.get("cursor") ?? undefined;
    const of = backend === "" ? undefined : backend;
    const found = await inventory.page({ limit: perPage, search, backend: of, sort: wanted.sort, cursor });
    const { at } = inventory.known();
    return html`<h1>Entries${
      backend !== "" && html`
        of ${foreign(backend)}
      `
    }</h1>${searchForm(wanted)}${entryList(found, { query, at, now: Date.now() })}`;
  }

  async #entry(
    method: string,
    name: string,
    { headers, info, notice }: { headers: Headers; info: OwnRequestInfo; notice: Notice | null },
  ): Promise<Reply> {
    const variants = await this.#options.describeEntry(name);
    const mayChange = this.#options.administrators.isOne(headers, info);
    const content = entryPage(name, variants, { now: Date.now(), notice, mayChange });
    return page(method, "Entry · Artifact Vault", content, variants.length === 0 ? 404 : 200);
  }
}

/** What a person reads where the page that was asked for cannot be shown. `name` is of an entry to go back to. */
function failure(title: string, detail: string, name: string | null): Html {
  const back = name !== null && name !== "" && html`<p>Back to ${entryLink(name)}</p>`;
  return html`<h1>${title}</h1><p>${
    foreign(detail, 600)
  }</p>${back}<p><a href="${paths.home}">To the start page</a></p>`;
}

function isOrder(text: string): text is InventoryOrder {
  return (inventoryOrders as readonly string[]).includes(text);
}

function page(method: string, title: string, content: Html, status = 200): Reply {
  const text = documentOf(title, content, Date.now());
  return textReply(method, text, { status, contentType: "text/html; charset=utf-8", headers: pageHeaders });
}
