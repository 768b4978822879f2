import assert from "node:assert/strict";
import { missingPrograms } from "../support/programs.ts";
import { runToSuccess } from "../support/run_command.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { testInTurn } from "../support/thorough.ts";
import { VaultProcess } from "../support/vault_process.ts";

const ignore = missingPrograms("chromium").length > 0;

/** What another backend fetches with credentials. */
const secret = "what only the vault may read";

const thief = `<script>
  fetch("/private/secret.txt").then((answer) => answer.text()).then((text) => document.body.append(text));
  document.body.append("scripts run");
</script>`;

const svgThief = `<svg xmlns="http://www.w3.org/2000/svg"><text id="out">drawn</text><script>
  fetch("/private/secret.txt").then((a) => a.text()).then((text) => document.getElementById("out").append(text));
  document.getElementById("out").append("scripts run");
</script></svg>`;

const documents: Readonly<Record<string, readonly [type: string | null, body: string]>> = {
  "/public/page.html": ["text/html", `<body><a href="wheel.whl">a link</a>${thief}</body>`],
  "/public/guessed": [null, `<!doctype html><body>a page without a type${thief}</body>`],
  "/public/picture.svg": ["image/svg+xml", svgThief],
  "/private/secret.txt": ["text/plain", secret],
};

function upstream(): Deno.HttpServer<Deno.NetAddr> {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const [type, body] = documents[new URL(request.url).pathname] ?? [null, ""];
    const headers = new Headers(type === null ? {} : { "content-type": type });
    return new Response(new TextEncoder().encode(body), { headers });
  });
}

/** The document as Chromium has it, once its scripts have run. */
async function shown(url: string): Promise<string> {
  await using home = await createTempDir("vault-chromium-");
  const flags = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--virtual-time-budget=3000",
  ];
  const args = [...flags, `--user-data-dir=${home.path}`, "--dump-dom", url];
  return await runToSuccess(["chromium", ...args], { env: { HOME: home.path } });
}

testInTurn(
  { name: "a page of one upstream is shown, and reads nothing of another's in a browser", ignore },
  async () => {
    await using server = upstream();
    await using dir = await createTempDir();
    const backends = ["public", "private"].map((name) =>
      `  - { type: http, name: ${name}, config: { prefix: /${name}, base_url: "http://127.0.0.1:${server.addr.port}/${name}" } }`
    );
    const config = dir.join("config.yml");
    await Deno.writeTextFile(config, [`cache_dir: ${dir.join("cache")}`, "backends:", ...backends, ""].join("\n"));
    await using vault = await VaultProcess.start({ args: ["--config", config] });
    for (
      const [path, text] of [["page.html", "a link"], ["guessed", "a page without a type"], ["picture.svg", "drawn"]]
    ) {
      for (const round of ["miss", "hit"]) {
        const dom = await shown(vault.url(`/public/${path}`));
        assert.match(dom, new RegExp(text!), `${path} is shown (${round})`);
        assert.doesNotMatch(dom, />scripts run|drawnscripts run|\nscripts run/, `no script of ${path} runs (${round})`);
        assert.doesNotMatch(dom, new RegExp(secret), `${path} reads nothing (${round})`);
      }
    }
  },
);
