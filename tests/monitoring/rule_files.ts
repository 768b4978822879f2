import { fileURLToPath } from "node:url";
import { parse } from "yaml";

export const docs = fileURLToPath(new URL("../../docs", import.meta.url));
const folder = `${docs}/monitoring`;

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Rule extends Partial<Alert> {
  readonly record?: string;
  readonly expr: string;
}

export const alertsFile = `${folder}/alerts.yml`;
export const alertTestsFile = `${folder}/alerts_test.yml`;

const groups: readonly { readonly rules: readonly Rule[] }[] = parse(Deno.readTextFileSync(alertsFile)).groups;
const rules = groups.flatMap(({ rules }) => rules);

/** All alerts of the rule file. */
export const alerts: readonly Alert[] = rules.filter((rule): rule is Alert => rule.alert !== undefined);

/** The names that the rule file gives to what it computes. */
export const recordedNames: readonly string[] = rules.flatMap(({ record }) => record ?? []);

/** The expressions of all rules by their names. */
export const ruleExpressions: readonly [name: string, expr: string][] = rules.map((rule) => {
  return [rule.alert ?? rule.record ?? "", rule.expr];
});

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: { readonly uid: string };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

interface Dashboard {
  readonly panels: readonly Panel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: unknown }[];
  };
}

export const dashboard: Dashboard = JSON.parse(Deno.readTextFileSync(`${folder}/dashboard.json`));

/** The queries of all panels by their titles, with variables as Prometheus would get them. */
export const panelExpressions: readonly [title: string, expr: string][] = dashboard.panels.flatMap((panel) =>
  (panel.targets ?? []).map(({ expr }): [string, string] => {
    const filled = expr.replaceAll("$__rate_interval", "5m").replaceAll("$__range", "6h").replaceAll(/\$\w+/g, ".*");
    return [panel.title, filled];
  })
);
