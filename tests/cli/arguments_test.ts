import assert from "node:assert/strict";
import { waitOf } from "../../src/cli/option_values.ts";
import { parseArguments } from "../../src/cli/arguments.ts";
import { type Action, actionsOf, type Command, type OptionSpec } from "../../src/cli/command.ts";
import { commandHelp } from "../../src/cli/help.ts";
import { loadCommands } from "../../src/cli/commands.ts";

function action(name: string, more: Partial<Action> = {}): Action {
  return {
    name,
    summary: `Does ${name}`,
    examples: [`artifact-vault ${name}`],
    options: {},
    run: () => Promise.resolve(0),
    ...more,
  };
}

const list = action("ls", {
  options: { json: { help: "As JSON" }, match: { value: "GLOB", repeats: true, help: "Names" } },
});
const show = action("show", { operands: { usage: "NAME", help: "the name of an entry", least: 1, most: 1 } });
const fill = action("fill", { operands: { usage: "LIST...", help: "files", least: 1, most: Infinity } });
const cache: Command = {
  name: "cache",
  summary: "Look",
  examples: ["artifact-vault cache ls"],
  commands: [list, show],
};
const all: readonly [Action, ...Command[]] = [action("serve"), cache, fill];

function parsed(line: string) {
  return parseArguments(line.split(" ").filter((word) => word !== ""), all);
}

Deno.test("a command below a group runs with its options and operands", () => {
  assert.deepEqual(parsed("cache show a/b"), {
    kind: "run",
    action: show,
    given: { values: {}, lists: {}, operands: ["a/b"] },
  });
  assert.deepEqual(parsed("cache ls --match a --json --match=b"), {
    kind: "run",
    action: list,
    given: { values: { match: "b", json: true }, lists: { match: ["a", "b"] }, operands: [] },
  });
});

Deno.test("a dash is an operand, and so is everything behind two dashes", () => {
  const { given } = parsed("fill - -- --json") as Extract<ReturnType<typeof parsed>, { kind: "run" }>;
  assert.deepEqual(given.operands, ["-", "--json"]);
});

const mistakes: [line: string, message: RegExp][] = [
  ["cache", /^cache needs a command: ls, show$/],
  ["cache shwo", /^"shwo" is not a command of cache \(did you mean "show"\?\); known are ls, show$/],
  ["cache show", /^cache show needs NAME: the name of an entry$/],
  ["cache show a b", /^"b" is one word too many: cache show takes NAME$/],
  ["cache show a --json", /^cache show takes no --json$/],
  ["cache ls a", /^"a" is one word too many; paths and values belong to an option$/],
  ["cache --json", /^cache takes no --json$/],
  ["fill", /^fill needs LIST\.\.\.: files$/],
];

for (const [line, message] of mistakes) {
  Deno.test(`"${line}" is a mistake that is explained`, () => {
    const result = parsed(line);
    assert.equal(result.kind, "mistake");
    if (result.kind === "mistake") assert.match(result.message, message);
  });
}

Deno.test("the help of a group lists its commands, that of a command its operands", () => {
  const group = parsed("cache --help");
  const own = parsed("cache show --help");
  assert.ok(group.kind === "help" && group.named !== undefined && own.kind === "help" && own.named !== undefined);
  assert.match(
    commandHelp(group.named),
    /Usage: artifact-vault cache COMMAND \[OPTIONS\]\n\nCommands:\n {2}ls {4}Does ls\n/,
  );
  assert.match(
    commandHelp(own.named),
    /Usage: artifact-vault cache show NAME \[OPTIONS\]\n\nArguments:\n {2}NAME {2}the/,
  );
});

Deno.test("an option has a value in all commands that have it, or in none", async () => {
  const kinds = new Map<string, Set<string>>();
  for (const { action } of actionsOf(await loadCommands())) {
    for (const [name, { value, short, repeats }] of Object.entries<OptionSpec>(action.options)) {
      const kind = JSON.stringify([value !== undefined, short, repeats]);
      kinds.set(name, (kinds.get(name) ?? new Set()).add(kind));
    }
  }
  assert.deepEqual([...kinds].filter(([, ways]) => ways.size > 1), []);
});

Deno.test("every example of every command is a command line that is understood", async () => {
  const commands = await loadCommands();
  for (const { action } of actionsOf(commands)) {
    assert.ok(action.examples.length > 0, action.name);
    for (const example of action.examples.filter((line) => line.startsWith("artifact-vault"))) {
      // What a shell takes out of a line is no part of it.
      const args = example.split(" > ")[0]!.split(" ").slice(1);
      assert.equal(parseArguments(args, commands).kind, "run", example);
    }
  }
});

Deno.test("a time to wait is one that a timer can have", () => {
  const wait = (text: string, least = "1ms") => waitOf({ timeout: text }, "timeout", least);
  assert.equal(waitOf({}, "timeout", "1ms"), undefined);
  assert.deepEqual(["1ms", "5", "24d"].map((text) => wait(text)), [1, 5000, 2_073_600_000]);
  assert.equal(wait("100ms", "100ms"), 100);
  for (const text of ["0", "0s", "25d", "30d", "forever"]) {
    const message = `--timeout: "${text}" is not from 1ms to 24d; write 2s`;
    assert.throws(() => wait(text), { code: "config_invalid", message });
  }
  assert.throws(() => wait("99ms", "100ms"), { code: "config_invalid" });
});
