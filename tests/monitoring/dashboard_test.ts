import assert from "node:assert/strict";
import { dashboard, type Panel } from "./rule_files.ts";

const { panels, templating } = dashboard;
const rows = panels.filter(({ type }) => type === "row");
const others = panels.filter(({ type }) => type !== "row");

Deno.test("the dashboard asks in the order of the page", () => {
  assert.deepEqual(rows.map(({ title }) => title), [
    "Is it well?",
    "What is happening?",
    "What has it brought?",
    "Disk",
    "What went wrong?",
  ]);
});

Deno.test("whoever imports the dashboard chooses the data source and the vaults", () => {
  assert.deepEqual(templating.list.map(({ name, type }) => [name, type]), [
    ["datasource", "datasource"],
    ["job", "query"],
    ["instance", "query"],
  ]);
  const fixed = others.filter(({ datasource, targets = [] }) => {
    const sources = [datasource, ...targets.map(({ datasource }) => datasource)];
    return sources.some((source) => source?.uid !== "${datasource}");
  });
  const selected = 'job=~"$job", instance=~"$instance"';
  const unselected = others.filter(({ targets = [] }) => {
    return targets.length === 0 || targets.some(({ expr }) => {
      const braces = expr.match(/\{[^}]*\}/g) ?? [];
      return braces.length === 0 || braces.some((text) => !text.includes(selected));
    });
  });
  assert.deepEqual([...fixed, ...unselected].map(({ title }) => title), []);
});

Deno.test("no panel of the dashboard covers another one or has its number", () => {
  assert.equal(new Set(panels.map(({ id }) => id)).size, panels.length);
  const covered = panels.flatMap((one, at) => {
    return panels.slice(at + 1).filter((other) => overlap(one, other)).map((other) => [one.title, other.title]);
  });
  assert.deepEqual(covered, []);
  assert.deepEqual(panels.filter(({ gridPos: { x, w } }) => x + w > 24).map(({ title }) => title), []);
});

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
