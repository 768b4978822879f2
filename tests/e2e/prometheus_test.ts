import assert from "node:assert/strict";
import { docs, panelExpressions } from "../monitoring/rule_files.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { freePort } from "../support/free_port.ts";
import { missingPrograms } from "../support/programs.ts";
import { ServerProcess } from "../support/server_process.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import { testInTurn } from "../support/thorough.ts";
import { VaultProcess, writeVaultConfig } from "../support/vault_process.ts";
import { waitUntil } from "../support/wait_until.ts";

const ignore = missingPrograms("prometheus").length > 0;

/** Queries about what cannot be there in so short a time, or which the system does not tell. */
const mayBeEmpty = /process_open_fds|ratelimit|scrub_end|last_done|vault_entries|certificate_end/;

testInTurn({
  name: "Prometheus scrapes a vault as the page says, judges the rules and answers every query of the dashboard",
  ignore,
}, async () => {
  await using dir = await createTempDir();
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "a" });
  upstream.serve("/b", { status: 503 });
  const config = await writeVaultConfig(dir.join("config.yml"), {
    ...{ cacheDir: dir.join("cache"), upstream: upstream.origin },
    backend: ["retries: 0"],
  });
  await using vault = await VaultProcess.start({ args: ["--config", config] });
  for (const path of ["/files/a", "/files/a", "/files/b"]) await (await fetch(vault.url(path))).text();
  await using prometheus = await Prometheus.start(dir, new URL(vault.url("")).host);

  // A rate needs two scrapes.
  await waitUntil("it has scraped twice", async () => {
    const [counted] = await prometheus.query('count_over_time(up{job="artifact-vault"}[1m]) > 1');
    return counted !== undefined;
  });
  const answers = await Promise.all(
    panelExpressions.map(async ([title, expr]) => ({ title, expr, found: (await prometheus.query(expr)).length })),
  );
  const empty = answers.filter(({ expr, found }) => found === 0 && !mayBeEmpty.test(expr));
  assert.deepEqual(empty, []);
  const rules = await waitUntil("all rules were judged", async () => {
    const { groups } = await prometheus.ask("rules") as { groups: { rules: { name: string; health: string }[] }[] };
    const all = groups.flatMap(({ rules }) => rules);
    return all.length > 0 && all.every(({ health }) => health !== "unknown") ? all : null;
  });
  assert.deepEqual(rules.filter(({ health }) => health !== "ok"), []);
});

class Prometheus extends ServerProcess {
  #url = "";

  /** Starts one with the configuration of the page, for this vault; it scrapes each second. */
  static async start(dir: TempDir, target: string): Promise<Prometheus> {
    const page = Deno.readTextFileSync(`${docs}/monitoring/README.md`);
    const [, example = ""] = /^```yaml\n(# prometheus\.yml\n.*?)^```/ms.exec(page)!;
    const own = example.replace(/targets: .*/, `targets: ["${target}"]`);
    await Deno.writeTextFile(
      dir.join("prometheus.yml"),
      `global: { scrape_interval: 1s, evaluation_interval: 1s }\n${own}`,
    );
    await Deno.copyFile(`${docs}/monitoring/alerts.yml`, dir.join("alerts.yml"));
    const address = `127.0.0.1:${freePort()}`;
    const prometheus = new Prometheus([
      ...["prometheus", `--config.file=${dir.join("prometheus.yml")}`, `--storage.tsdb.path=${dir.join("data")}`],
      `--web.listen-address=${address}`,
    ]);
    prometheus.#url = `http://${address}/api/v1/`;
    await prometheus.waitForLine(/Server is ready to receive web requests/);
    return prometheus;
  }

  async query(expr: string): Promise<readonly unknown[]> {
    const { result } = await this.ask(`query?query=${encodeURIComponent(expr)}`) as { result: unknown[] };
    return result;
  }

  /** What its API says; throws where that is an error. */
  async ask(path: string): Promise<unknown> {
    const answer = await (await fetch(this.#url + path)).json();
    assert.equal(answer.status, "success", JSON.stringify(answer));
    return answer.data;
  }
}
