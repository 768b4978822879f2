import assert from "node:assert/strict";
import { grok } from "./grok.ts";
import type { Plugin, Statement, Value } from "./logstash_config.ts";

/** The fields of an event by their names: `[vault][status]`; those at the top are `[message]`. */
export type Event = Map<string, unknown>;

/** Runs the filters of a pipeline on one line, as Logstash does with an event of its input `file`. */
export function filtered(statements: readonly Statement[], line: string): Event {
  const event: Event = new Map([["[message]", line]]);
  run(statements, event);
  return event;
}

function run(statements: readonly Statement[], event: Event): void {
  for (const statement of statements) {
    if (statement.kind === "plugin") {
      const filter = filters[statement.name];
      assert.ok(filter !== undefined, `this test does not know the filter ${statement.name}`);
      filter(statement, event);
      continue;
    }
    const value = event.get(statement.field);
    run(typeof value === "string" && statement.pattern.test(value) ? statement.then : statement.otherwise, event);
  }
}

const filters: Readonly<Record<string, (plugin: Plugin, event: Event) => void>> = {
  json({ settings }, event) {
    const target = text(settings.get("target"));
    const parsed = JSON.parse(String(event.get(fieldOf(text(settings.get("source"))))));
    for (const [name, value] of Object.entries(parsed)) event.set(`[${target}][${name}]`, value);
  },
  grok({ settings }, event) {
    for (const [field, pattern] of settings.get("match") as ReadonlyMap<string, string>) {
      const found = grok(pattern)(String(event.get(fieldOf(field))));
      if (found === null) tag(event, settings.get("tag_on_failure") ?? ["_grokparsefailure"]);
      for (const [name, value] of found ?? []) event.set(fieldOf(name), value);
    }
  },
  date({ settings }, event) {
    const [field, format] = settings.get("match") as readonly string[];
    const time = timeOf(String(event.get(fieldOf(field!))), format!);
    if (time === null) tag(event, ["_dateparsefailure"]);
    else event.set("[@timestamp]", time);
  },
  mutate({ settings }, event) {
    for (const [from, to] of settings.get("rename") as ReadonlyMap<string, string>) {
      if (!event.has(fieldOf(from))) continue;
      event.set(fieldOf(to), event.get(fieldOf(from)));
      event.delete(fieldOf(from));
    }
    for (const field of settings.get("remove_field") as readonly string[]) event.delete(fieldOf(field));
  },
};

/** The formats of Joda's that the pipeline uses; without a zone it is the time of this machine. */
function timeOf(value: string, format: string): number | null {
  const local = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d),(\d{3})$/.exec(value);
  if (format === "ISO8601") return /Z$/.test(value) ? Date.parse(value) : null;
  assert.equal(format, "yyyy-MM-dd HH:mm:ss,SSS");
  if (local === null) return null;
  const [year, month, day, hours, minutes, seconds, ms] = local.slice(1).map(Number);
  return new Date(year!, month! - 1, day!, hours!, minutes!, seconds!, ms!).getTime();
}

function tag(event: Event, tags: Value): void {
  const all = [...event.get("[tags]") as string[] | undefined ?? [], ...tags as readonly string[]];
  if (all.length > 0) event.set("[tags]", all);
}

function fieldOf(name: string): string {
  return name.startsWith("[") ? name : `[${name}]`;
}

function text(value: Value | undefined): string {
  assert.ok(typeof value === "string");
  return value;
}
