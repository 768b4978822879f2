import assert from "node:assert/strict";
import { nothingWrong } from "../../src/status/configuration_state.ts";
import { startApp } from "../support/app_fixture.ts";
import { startFakeUpstream } from "../support/fake_upstream.ts";
import { missingPrograms } from "../support/programs.ts";
import { runCommand } from "../support/run_command.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { familiesOf } from "./exposition.ts";
import { type Selector, selectorsOf } from "./expressions.ts";
import { docs, panelExpressions, recordedNames, ruleExpressions } from "./rule_files.ts";

/** The labels that Prometheus itself adds to what it scrapes, and the metric. */
const added = { labels: ["job", "instance"], names: ["up"] };
/** Functions that only mean something for what never falls. */
const ofCounters = ["rate", "increase"];

Deno.test("what is scraped is what promtool, the documentation, the dashboard and the alerts say", async (t) => {
  const text = await scrape();
  const families = familiesOf(text);

  await t.step({
    name: "promtool finds nothing wrong with it",
    ignore: missingPrograms("promtool").length > 0,
    async fn() {
      await using dir = await createTempDir();
      await Deno.writeTextFile(dir.join("metrics"), text);
      const checked = await runCommand(["sh", "-c", 'promtool check metrics <"$0"', dir.join("metrics")]);
      assert.deepEqual(checked, { code: 0, stdout: "", stderr: "" });
    },
  });

  await t.step("http.md names every metric, and no other one", () => {
    const described = Deno.readTextFileSync(`${docs}/http.md`);
    const [, section = ""] = /^## Metrics\n(.*)/ms.exec(described)!;
    const named = [...section.matchAll(/`((?:vault|process)_\w+)`/g)].map(([, name = ""]) => name);
    const printed = [...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name = ""]) => name);
    assert.deepEqual([...new Set(named)].sort(), printed.sort());
  });

  const faultOf = ({ name, labels, within }: Selector): string | null => {
    if (added.names.includes(name) || recordedNames.includes(name)) return null;
    const family = families.get(name);
    if (family === undefined) return `there is no ${name}`;
    const unknown = labels.filter((label) => !added.labels.includes(label) && !family.labels.has(label));
    if (unknown.length > 0) return `${name} has no label ${unknown}`;
    const falls = ofCounters.includes(within) && family.type === "gauge";
    return falls ? `${within}() of the gauge ${name}` : null;
  };

  for (const [what, expressions] of [["dashboard", panelExpressions], ["rules", ruleExpressions]] as const) {
    await t.step(`the ${what} ask for nothing that is not there`, () => {
      const faults = expressions.flatMap(([title, expr]) => {
        const selectors = selectorsOf(expr);
        if (selectors.length === 0) return [`${title}: no metric in ${expr}`];
        return selectors.flatMap((selector) => faultOf(selector) ?? []).map((fault) => `${title}: ${fault}`);
      });
      assert.deepEqual(faults, []);
    });
  }
});

Deno.test("the metrics of an expression are found, with labels and functions", () => {
  const expr =
    'sum by (job, le) (rate(a_total{x="}", y=~"1|2"}[5m])) / on (job) b > bool 0.5 and time() - max(c:d) < 1';
  assert.deepEqual(selectorsOf(expr), [
    { name: "a_total", labels: ["x", "y"], within: "rate" },
    { name: "b", labels: [], within: "" },
    { name: "c:d", labels: [], within: "max" },
  ]);
});

/** The metrics of a vault after a hit, a miss and a failure. */
async function scrape(): Promise<string> {
  await using upstream = startFakeUpstream();
  upstream.serve("/a", { body: "a" });
  upstream.serve("/b", { status: 503 });
  upstream.serve("/c", { status: 401 });
  const backend = { username: "vault", password: "expired" };
  const configuration = () => ({ ...nothingWrong, certificateEndsAt: 1_800_000_000_000 });
  await using app = await startApp({
    upstream: upstream.origin,
    top: { cache_max_size: "1GB" },
    backend,
    configuration,
  });
  for (const path of ["/files/a", "/files/a", "/files/b", "/files/c"]) await app.ask(path);
  await app.idle();
  await app.ask("/-/api/v1/entries");
  const { text } = await app.ask("/metrics");
  const samples = [
    ...['vault_upstream_first_byte_seconds_count{upstream="', 'vault_upstream_host_failures_total{upstream="'],
    ...["vault_entries 1\n", "vault_ready 1\n", "vault_requests_in_progress 0\n", "vault_requests_limit 512\n"],
    ...["vault_cache_limit_bytes 1000000000\n", "vault_accept_failures_total 0\n"],
    ...["vault_config_refused 0\n", "vault_certificate_end_time_seconds 1800000000\n"],
    'vault_errors_total{backend="files",code="upstream_failed"} 1\n',
    'vault_leaked_upstream_urls_total{backend="files"} 0\n',
    `vault_upstream_login_refused{upstream="${upstream.origin}"} 1\n`,
  ];
  assert.deepEqual(samples.filter((sample) => !text.includes(`\n${sample}`)), []);
  return text;
}
