import type { Command, Commands } from "./command.ts";

/** The commands by name, in the order of the help. What they are made of is loaded when they are needed. */
const loaders: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import("./serve.ts")).serve,
  check: async () => (await import("./check.ts")).check,
  permissions: async () => (await import("./permissions.ts")).permissions,
  reload: async () => (await import("./reload.ts")).reload,
  health: async () => (await import("./health.ts")).health,
  top: async () => (await import("./top/top.ts")).top,
  setup: async () => (await import("./setup/setup.ts")).setup,
  warm: async () => (await import("./warm.ts")).warm,
  cache: async () => (await import("./cache/cache.ts")).cache,
  bundle: async () => (await import("./bundle/bundle.ts")).bundle,
  completion: async () => (await import("./completion/completion.ts")).createCompletion(loadCommands),
};

/** Loads all commands of the program. */
export async function loadCommands(): Promise<Commands> {
  return await loadNamed(Object.keys(loaders));
}

/** Loads the commands that the words of a command line may name; without any, the one that is meant then. */
export async function loadCommandsIn(words: readonly string[]): Promise<Commands> {
  const names = Object.keys(loaders);
  const named = names.filter((name) => words.includes(name));
  return await loadNamed(named.length === 0 ? names.slice(0, 1) : named);
}

async function loadNamed(names: readonly string[]): Promise<Commands> {
  const [first, ...others] = await Promise.all(names.map((name) => loaders[name]!()));
  return [first!, ...others];
}
