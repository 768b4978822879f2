import assert from "node:assert/strict";
import { type BrowserPage, installBrowser, type Look } from "../support/browser.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { waitUntil } from "../support/wait_until.ts";
import { testInTurn } from "../support/thorough.ts";
import { VaultProcess } from "../support/vault_process.ts";

const launch = await installBrowser();
const ignore = launch === null;

const looks: Readonly<Record<string, Look>> = {
  light: { viewport: { width: 1200, height: 900 } },
  dark: { viewport: { width: 1200, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 } },
};
const hostile = `/%3Cscript%3Edocument.title=1%3C%2Fscript%3E%E2%80%AE${"x".repeat(4000)}`;

/** Screenshots go here, for people to look at; nowhere when absent. */
const pictures = Deno.env.get("PAGE_PICTURES");

/** A vault with something of everything: cached, failing, hostile and on its way. */
async function startBusy() {
  await using stack = new AsyncDisposableStack();
  const dir = stack.use(await createTempDir());
  const upstream = stack.use(startFakeUpstream());
  const names = ["/model.bin", hostile];
  for (const name of names) {
    upstream.serve(name, { body: "b".repeat(20_000), headers: { "cache-control": "max-age=600" } });
  }
  upstream.serve("/bad", { status: 503 });
  upstream.serve("/slow.iso", { body: "s".repeat(1_000_000) });
  const transfer = upstream.hold("/slow.iso", 300_000);
  const config = dir.join("config.yml");
  const backend =
    `{ type: http, name: files, config: { prefix: /files, base_url: "${upstream.origin}", timeout: 10m } }`;
  await Deno.writeTextFile(config, [`cache_dir: ${dir.join("cache")}`, "backends:", `  - ${backend}`, ""].join("\n"));
  const vault = stack.use(await VaultProcess.start({ args: ["--config", config] }));
  const ask = async (path: string) => await (await fetch(vault.url(`/files${path}`))).body?.cancel();
  for (const name of [...names, ...names, "/bad", "/missing"]) await ask(name);
  const slow = fetch(vault.url("/files/slow.iso")).then((response) => response.arrayBuffer()).catch(() => null);
  await transfer.reached;
  const resources = stack.move();
  return {
    ...{ vault, transfer, slow, ask },
    async [Symbol.asyncDispose]() {
      transfer.release();
      await slow;
      await resources.disposeAsync();
    },
  };
}

/** Resolves once an expression is true on the page. */
async function until(page: BrowserPage, expression: string): Promise<void> {
  await waitUntil(expression, async () => {
    // A page that is being left has no answer.
    return await page.evaluate<boolean>(expression).catch(() => false) || undefined;
  });
}

testInTurn({
  name: "the page is right for everyone: axe finds nothing, the console says nothing, nobody else is asked",
  ignore,
}, async () => {
  await using scene = await startBusy();
  await using browser = await launch!();
  const pages = ["/", "/-/page/entries", `/-/page/entry/${encodeURIComponent("files/model.bin")}`];
  for (const [name, look] of Object.entries(looks)) {
    for (const [at, path] of pages.entries()) {
      const { page, said, asked } = await browser.open(scene.vault.url(path), look);
      if (at === 0) await until(page, `document.querySelector("#activity progress[value]") !== null`);
      assert.deepEqual(said, [], `${path}, ${name}`);
      assert.deepEqual([...new Set(asked.map((url) => new URL(url).origin))], [new URL(scene.vault.url("/")).origin]);
      const wide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
      assert.equal(wide, 0, `${path} is not wider than the screen, ${name}`);
      assert.doesNotMatch(await page.content(), /<script>document|\u202e/);
      assert.match(await page.evaluate<string>("document.title"), /Artifact Vault$/);
      if (pictures !== undefined) await page.screenshot({ path: `${pictures}/${name}-${at}.png`, fullPage: true });
      if (at > 0 && name !== "light") continue;
      assert.deepEqual(await browser.violations(scene.vault.url(path), look), [], `${path}, ${name}`);
    }
  }
});

testInTurn(
  { name: "transfers are seen moving, and new requests come without loading the page again", ignore },
  async () => {
    await using scene = await startBusy();
    await using browser = await launch!();
    const { page } = await browser.open(scene.vault.url("/"));
    await until(page, `document.querySelector("#activity progress")?.value >= 200000`);
    scene.transfer.release();
    assert.equal((await scene.slow)?.byteLength, 1_000_000);
    await until(page, `document.querySelector("#activity progress") === null`);
    await scene.ask("/another");
    await until(page, `document.querySelector("#activity").textContent.includes("/files/another")`);
  },
);

testInTurn(
  { name: "by the keyboard alone an entry is found and pinned; without a script as well", ignore },
  async () => {
    await using scene = await startBusy();
    await using browser = await launch!();
    for (const javaScriptEnabled of [true, false]) {
      const { page } = await browser.open(scene.vault.url("/"), { javaScriptEnabled });
      const focusOn = async (wanted: RegExp) => {
        for (let steps = 0; steps < 200; steps++) {
          await page.keyboard.press("Tab");
          const focused =
            "(({ localName, id, innerText = '', value = '' }) => `${localName} ${id} ${innerText} ${value}`)(document.activeElement)";
          if (wanted.test(await page.evaluate<string>(focused))) return;
        }
        assert.fail(`nothing like ${wanted} can be reached by the keyboard`);
      };
      await focusOn(/^input search /);
      await page.keyboard.type("MODEL");
      await page.keyboard.press("Enter");
      await until(page, `location.search === "?search=MODEL"`);
      await focusOn(/^a .*files\/model\.bin/);
      await page.keyboard.press("Enter");
      await until(page, `location.pathname.startsWith("/-/page/entry/")`);
      await focusOn(javaScriptEnabled ? / pin$/ : / unpin$/);
      await page.keyboard.press("Enter");
      await until(page, `location.search.startsWith("?done=")`);
      assert.match(await page.content(), javaScriptEnabled ? /It is pinned/ : /It is not pinned any more/);
    }
  },
);
