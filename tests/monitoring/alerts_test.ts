import assert from "node:assert/strict";
import { parse } from "yaml";
import { headingsOf } from "../support/headings.ts";
import { missingPrograms } from "../support/programs.ts";
import { runToSuccess } from "../support/run_command.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { alerts, alertsFile, alertTestsFile, docs, panelExpressions } from "./rule_files.ts";

const ignore = missingPrograms("promtool").length > 0;

interface Sample {
  readonly labels: string;
}

Deno.test({ name: "promtool can read the rules and the queries of the dashboard", ignore }, async () => {
  await using dir = await createTempDir();
  const queries = dir.join("queries.yml");
  const rules = panelExpressions.map(([, expr], at) => ({ record: `query_${at}`, expr }));
  await Deno.writeTextFile(queries, JSON.stringify({ groups: [{ name: "dashboard", rules }] }));
  await runToSuccess(["promtool", "check", "rules", "--lint=all", "--lint-fatal", alertsFile, queries]);
});

Deno.test({ name: "Prometheus takes the configuration of the page, with the rules", ignore }, async () => {
  await using dir = await createTempDir();
  const page = Deno.readTextFileSync(`${docs}/monitoring/README.md`);
  const [, example = ""] = /^```yaml\n(# prometheus\.yml\n.*?)^```/ms.exec(page)!;
  await Deno.writeTextFile(dir.join("prometheus.yml"), example);
  await Deno.copyFile(alertsFile, dir.join("alerts.yml"));
  await runToSuccess(["promtool", "check", "config", dir.join("prometheus.yml")]);
});

Deno.test({ name: "every alert fires where it should, and does not elsewhere", ignore }, async () => {
  await runToSuccess(["promtool", "test", "rules", alertTestsFile]);
});

Deno.test("every alert has a test in which it fires", () => {
  const { tests } = parse(Deno.readTextFileSync(alertTestsFile)) as {
    tests: { promql_expr_test: { exp_samples: Sample[] }[] }[];
  };
  const samples = tests.flatMap((test) => test.promql_expr_test.flatMap(({ exp_samples }) => exp_samples));
  const fired = samples.map(({ labels }) => /alertname="(\w+)"/.exec(labels)?.[1]);
  assert.deepEqual(alerts.map(({ alert }) => alert).filter((name) => !fired.includes(name)), []);
});

Deno.test("every alert says what is wrong, what to do, and where more is written", () => {
  const faults = alerts.flatMap(({ alert, labels, annotations }) => {
    const { summary = "", description = "", runbook_url: runbook = "" } = annotations;
    const [file = "", heading = ""] = runbook.split("#");
    const leads = file === "docs/troubleshooting.md" &&
      headingsOf(Deno.readTextFileSync(`${docs}/troubleshooting.md`)).includes(heading);
    return [
      ...["critical", "warning", "info"].includes(labels.severity ?? "") ? [] : [`${alert}: severity`],
      ...summary.includes("{{ $labels.instance }}") && /[.)]$/.test(summary) ? [] : [`${alert}: summary`],
      ...description.length > 60 && description.endsWith(".") ? [] : [`${alert}: description`],
      ...leads ? [] : [`${alert}: ${runbook}`],
    ];
  });
  assert.deepEqual(faults, []);
});
