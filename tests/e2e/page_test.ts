import assert from "node:assert/strict";
import { type Browser, type BrowserPage, installBrowser, type Look } from "../support/browser.ts";
import { waitUntil } from "../support/wait_until.ts";
import { isOwnMachine, testInTurn } from "../support/thorough.ts";
import { hostileNames, startBusy, startEmpty, startFailing } from "./page_scenes.ts";

const launch = await installBrowser();
const ignore = launch === null;

const looks: Readonly<Record<string, Look>> = {
  light: { viewport: { width: 1200, height: 900 } },
  dark: { viewport: { width: 1200, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 } },
};
/** Screenshots go here, for people to look at; nowhere when absent. */
const pictures = Deno.env.get("PAGE_PICTURES");

/** Resolves once an expression is true on the page. */
async function until(page: BrowserPage, expression: string): Promise<void> {
  await waitUntil(expression, async () => {
    // A page that is being left has no answer.
    return await page.evaluate<boolean>(expression).catch(() => false) || undefined;
  });
}

/** What a page is, to be compared: what it says and does that it should not, and whether it is too wide. */
async function faultsOf(browser: Browser, url: string, look: Look, shown?: string) {
  const { page, said, asked } = await browser.open(url, look);
  if (shown !== undefined) await until(page, shown);
  const wide = await page.evaluate<number>("document.documentElement.scrollWidth - innerWidth");
  const scripts = await page.evaluate<number>("document.querySelectorAll('script, [onload], [onerror]').length");
  const title = await page.evaluate<string>("document.title");
  // What people see: the text that they have typed in themselves stays in its field as it is.
  const seen = await page.evaluate<string>(
    "document.body.innerText + [...document.querySelectorAll('[title]')].map(({ title }) => title)",
  );
  return {
    page,
    faults: {
      ...{ said, wide, scripts: scripts - 1, isRenamed: !/^(?:.* · )?Artifact Vault$/.test(title) },
      turns: /[\u202a-\u202e\u2066-\u2069\u200e\u200f]/.test(seen),
      elsewhere: asked.filter((asked) => new URL(asked).origin !== new URL(url).origin),
    },
  };
}

const none = { said: [], wide: 0, scripts: 0, isRenamed: false, turns: false, elsewhere: [] };

const scenes = [
  {
    ...{ name: "busy", start: startBusy, checked: ["light", "dark", "phone"] },
    paths: ["/", "/-/page/entries", `/-/page/entry/${encodeURIComponent("files/model.bin")}`],
  },
  { name: "empty", start: startEmpty, checked: ["phone"], paths: ["/", "/-/page/entries"] },
  { name: "failing", start: startFailing, checked: ["light", "dark"], paths: ["/", "/-/page/nothing"] },
];

for (const { name, start, checked, paths } of scenes) {
  testInTurn({
    name: `the page of a vault that is ${name}: axe finds nothing, the console says nothing, nobody else is asked`,
    ignore,
  }, async () => {
    await using scene = await start();
    await using browser = await launch!();
    for (const [kind, look] of Object.entries(looks)) {
      for (const [at, path] of paths.entries()) {
        const isStart = at === 0;
        if (!isOwnMachine && !isStart && kind !== "light") continue;
        const shown = isStart && name === "busy"
          ? `document.querySelector("#activity progress[value]") !== null`
          : undefined;
        const { page, faults } = await faultsOf(browser, scene.vault.url(path), look, shown);
        // A page that does not exist is said to be missing in the console as well.
        if (path.endsWith("/nothing")) assert.match(faults.said.splice(0).join(), /404/);
        assert.deepEqual(faults, none, `${path}, ${kind}`);
        if (pictures !== undefined) {
          await page.screenshot({ path: `${pictures}/${name}-${kind}-${at}.png`, fullPage: true });
        }
        if (!checked.includes(kind) || !isStart && kind !== "light") continue;
        assert.deepEqual(await browser.violations(scene.vault.url(path), look), [], `${path}, ${kind}`);
      }
    }
  });
}

testInTurn({ name: "names from outside are text, whatever they are, wherever they are shown", ignore }, async () => {
  await using scene = await startBusy();
  await using browser = await launch!();
  const start = await faultsOf(browser, scene.vault.url("/"), looks.phone!, isTold);
  assert.deepEqual(start.faults, none);
  for (const name of isOwnMachine ? hostileNames : hostileNames.filter((_, at) => at % 2 === 0)) {
    const escaped = encodeURIComponent(name);
    const pages = [`entries?search=${escaped}&backend=${escaped}&sort=${escaped}`, `entry/${escaped}?done=${escaped}`];
    const cached = `entry/${encodeURIComponent(`files/${escaped}`)}`;
    for (const path of cached.length > 4000 ? pages : [...pages, cached]) {
      const { page, faults } = await faultsOf(browser, scene.vault.url(`/-/page/${path}`), looks.phone!);
      assert.deepEqual({ ...faults, said: faults.said.filter((text) => !/404/.test(text)) }, none, path);
      const text = await page.evaluate<string>("document.querySelector('main').innerText");
      const cut = name.slice(0, 40).replaceAll(/[\u200f-\u2066]/gu, (sign) => `\\u${sign.charCodeAt(0).toString(16)}`);
      if (path.startsWith(pages[1]!)) assert.ok(text.includes(cut), `${path} shows ${cut}: ${text.slice(0, 300)}`);
      if (path === cached) assert.match(text, /Others with these bytes/, "it is the page of the entry");
    }
  }
});

/** True once the page has what the server sends to open ones. */
const isTold = `document.querySelector("#connection").textContent === "live"`;

testInTurn(
  {
    name: "transfers are seen moving, new requests come by themselves, and what one looks at stays in its place",
    ignore,
  },
  async () => {
    await using scene = await startBusy();
    await using browser = await launch!();
    const { page } = await browser.open(scene.vault.url("/"), looks.phone);
    await until(page, `document.querySelector("#activity progress")?.value >= 200000`);
    scene.transfer.release();
    assert.equal((await scene.slow)?.byteLength, 1_000_000);
    await until(page, `document.querySelector("#activity progress") === null`);
    await page.evaluate(`(requests = document.querySelector(".long")).focus(), requests.scrollTop = 40`);
    await scene.ask("/files/another");
    const shows = (path: string) => `document.querySelector("#activity").textContent.includes(${JSON.stringify(path)})`;
    await until(page, shows("/files/another"));
    const kept = await page.evaluate<unknown>(
      `[requests.isConnected, requests.scrollTop, document.activeElement === requests]`,
    );
    assert.deepEqual(kept, [true, 40, true]);
    const ages = await page.evaluate<string[]>(
      `[...document.querySelectorAll("#activity time")].map(({ textContent }) => textContent)`,
    );
    assert.ok(ages.length > 10 && ages.every((age) => /^\d+ (?:s|min) ago$/.test(age)), ages.join());
    const connection = (text: string) => until(page, `connection.textContent.startsWith("${text}")`);
    await page.evaluate(`getSelection().selectAllChildren(document.querySelector("#activity thead"))`);
    await scene.ask("/files/selected");
    await connection("live, but");
    assert.equal(await page.evaluate(shows("/files/selected")), false, "what is selected stays");
    await page.evaluate(`getSelection().removeAllRanges()`);
    await until(page, shows("/files/selected"));
    await connection("live");
    await page.evaluate(`pause.click()`);
    await connection("paused");
    await scene.ask("/files/paused");
    await page.evaluate(`document.dispatchEvent(new Event("visibilitychange"))`);
    assert.deepEqual(await page.evaluate("[events, pause.textContent]"), [null, "Resume"]);
    await page.evaluate(`pause.click()`);
    await until(page, shows("/files/paused"));
    assert.equal(await page.evaluate("outdated.checkVisibility()"), false);
    await scene.removeBackend("mirror");
    await until(page, "outdated.checkVisibility()");
    const isHidden = (hidden: boolean) =>
      `Object.defineProperty(document, "hidden", { value: ${hidden}, configurable: true }),
       document.dispatchEvent(new Event("visibilitychange")), events`;
    assert.equal(await page.evaluate(isHidden(true)), null, "a page that nobody sees does not listen");
    await scene.ask("/files/meanwhile");
    await page.evaluate(isHidden(false));
    await until(page, shows("/files/meanwhile"));
    await scene.vault.stop("SIGTERM");
    await until(page, `document.querySelector("#connection").textContent.startsWith("not live")`);
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
