import assert from "node:assert/strict";
import { changesBetween, changesBetweenShown, describeChange, reloadable } from "../../src/config/changes.ts";
import { loadConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";
import { showConfig } from "../../src/config/show.ts";
import { configSchema } from "../../src/configuration.ts";

const one = '{type: http, name: one, config: {base_url: "https://a.example/", username: u, password: p}}';

function load(text: string): Promise<Config> {
  return loadConfig({ schema: configSchema, text, env: () => undefined });
}

const before = await load(`backends: [${one}]`);

interface Case {
  readonly after: string;
  readonly changes: readonly string[];
  readonly waiting?: readonly string[];
}

const cases: Readonly<Record<string, Case>> = {
  "nothing": { after: `backends: [${one}]`, changes: [] },
  "a level and a limit": {
    after: `{log_level: DEBUG, cache_max_size: 1GiB, backends: [${one}]}`,
    changes: ['log_level: "INFO" becomes "DEBUG"', 'cache_max_size: "1GiB" is new'],
  },
  "a secret, which is not shown": {
    after: `backends: [${one.replace("password: p", "password: q")}]`,
    changes: ["backends.one.config.password: another secret"],
  },
  "another backend in its place": {
    after: 'backends: [{type: http, name: two, config: {base_url: "https://a.example/"}}]',
    changes: ['backends.one: "http at /one" is gone', 'backends.two: "http at /two" is new'],
  },
  "what counts at start only": {
    after: `{http_port: 9000, tls: {cert: a, key: b}, offline: true, backends: [${one}]}`,
    changes: [],
    waiting: [
      "http_port: 8080 becomes 9000",
      "offline: false becomes true",
      'tls.cert: "a" is new',
      'tls.key: "b" is new',
    ],
  },
};

for (const [name, { after, changes, waiting = [] }] of Object.entries(cases)) {
  Deno.test(`a change of configuration: ${name}`, async () => {
    const wanted = await load(after);
    const found = changesBetween(before, wanted, configSchema);
    const lines = (needsRestart: boolean) =>
      found.filter((change) => change.needsRestart === needsRestart).map(describeChange).sort();
    assert.deepEqual(lines(false), changes.toSorted());
    assert.deepEqual(lines(true), waiting.toSorted());
    const left = changesBetween(before, reloadable(before, wanted), configSchema).map(describeChange);
    assert.deepEqual(left.sort(), changes.toSorted(), "what a running program changes to is what can change");
    const shown = [before, wanted].map((config) => JSON.parse(JSON.stringify(showConfig(config, configSchema))));
    const ofShown = changesBetweenShown(shown[0], shown[1]).map(describeChange).sort();
    assert.deepEqual(ofShown, [...changes, ...waiting].filter((line) => !line.endsWith("secret")).sort());
  });
}
