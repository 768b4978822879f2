/** What the kernel counts a process's time in (USER_HZ); 100 on all architectures that Deno runs on. */
const ticksPerSecond = 100;

/** Seconds of processor time that the processes have used since they began, in all their threads. Linux only. */
export function cpuSeconds(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(pid), 0) / ticksPerSecond;
}

/** User and system time, the 14th and 15th field (proc(5)); the second, the program's name, may contain anything. */
function ticksOf(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}
