import { existsSync } from "node:fs";

/** A memory cgroup of our own, which the kernel keeps below its limit by ending what is in it. */
export interface MemoryGroup extends Disposable {
  /** The command that runs `command` inside. */
  wrap(command: readonly string[]): string[];
}

const roots = [
  { path: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes" },
  { path: "/sys/fs/cgroup", limit: "memory.max" },
] as const;

/** Makes a group, version 1 or 2. Throws where the machine does not allow that. */
export function createMemoryGroup(limitBytes: number): MemoryGroup {
  const root = roots.find(({ path, limit }) =>
    existsSync(`${path}/${limit}`) || existsSync(`${path}/cgroup.controllers`)
  );
  if (root === undefined) throw new Error("This machine has no memory cgroups that could be used");
  const path = `${root.path}/vault-soak-${Deno.pid}`;
  Deno.mkdirSync(path);
  try {
    Deno.writeTextFileSync(`${path}/${root.limit}`, String(limitBytes));
  } catch (cause) {
    Deno.removeSync(path);
    throw new Error(`Cannot limit the memory of ${path}`, { cause });
  }
  return {
    wrap: (command) => ["sh", "-c", 'echo $$ > "$0/cgroup.procs" && exec "$@"', path, ...command],
    [Symbol.dispose]: () => Deno.removeSync(path),
  };
}
