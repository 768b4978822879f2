import { createRequire } from "node:module";
import { installNpmPackage } from "./npm/npm_client.ts";
import { missingPrograms } from "./programs.ts";

/** What tests use of playwright's `Page`. */
export interface BrowserPage {
  goto(url: string): Promise<unknown>;
  url(): string;
  content(): Promise<string>;
  evaluate<Result>(script: string): Promise<Result>;
  addScriptTag(script: { readonly content: string }): Promise<unknown>;
  screenshot(options: { readonly path: string; readonly fullPage: boolean }): Promise<unknown>;
  on(event: "console" | "pageerror" | "request", listener: (what: never) => void): void;
  readonly keyboard: { press(key: string): Promise<void>; type(text: string): Promise<void> };
}

export interface Look {
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly colorScheme?: "light" | "dark";
  readonly javaScriptEnabled?: boolean;
  readonly bypassCSP?: boolean;
}

interface Context {
  newPage(): Promise<BrowserPage>;
}

interface Chromium {
  newContext(look: Look): Promise<Context>;
  close(): Promise<void>;
}

/** A page, with what was said and asked for on it. */
export interface WatchedPage {
  readonly page: BrowserPage;
  /** Messages of the console and uncaught errors. */
  readonly said: string[];
  /** The URLs of its requests. */
  readonly asked: string[];
}

/** A Chromium without a window. */
export class Browser implements AsyncDisposable {
  readonly #chromium: Chromium;
  readonly #axe: string;

  constructor(chromium: Chromium, axe: string) {
    this.#chromium = chromium;
    this.#axe = axe;
  }

  async open(url: string, look: Look = {}): Promise<WatchedPage> {
    const page = await (await this.#chromium.newContext(look)).newPage();
    const said: string[] = [];
    const asked: string[] = [];
    page.on("console", (message: { text(): string }) => said.push(message.text()));
    page.on("pageerror", (error: unknown) => said.push(String(error)));
    page.on("request", (request: { url(): string }) => asked.push(request.url()));
    await page.goto(url);
    return { page, said, asked };
  }

  /** What axe-core finds against the rules for people who see, hear or move otherwise, by rule and element. */
  async violations(url: string, look: Look = {}): Promise<readonly string[]> {
    const { page } = await this.open(url, { ...look, bypassCSP: true });
    await page.addScriptTag({ content: this.#axe });
    return await page.evaluate(
      `axe.run().then(({ violations }) => violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ": " + html)))`,
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#chromium.close();
  }
}

/** Null where there is no Chromium, or playwright cannot be installed from the registry of this machine. */
export async function installBrowser(): Promise<(() => Promise<Browser>) | null> {
  if (missingPrograms("chromium").length > 0) return null;
  const playwright = await installNpmPackage("playwright-core@1.64.1", "playwright-core/index.js");
  const axe = await installNpmPackage("axe-core@4.14.1", "axe-core/axe.min.js");
  if (playwright === null || axe === null) {
    console.log("tests skipped: playwright-core or axe-core cannot be installed");
    return null;
  }
  return async () => {
    const { chromium } = createRequire(import.meta.url)(playwright);
    const launched = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
    return new Browser(launched, await Deno.readTextFile(axe));
  };
}
