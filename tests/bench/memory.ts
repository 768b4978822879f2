/** Forgets the peaks of resident memory so far. Linux only. */
export function resetPeakMemory(pids: readonly number[]): void {
  for (const pid of pids) Deno.writeTextFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** The peak of resident memory since the last reset, in MB, added up over the processes. */
export function peakMemoryMb(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + statusMb(pid, "VmHWM"), 0);
}

export function memoryMb(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + statusMb(pid, "VmRSS"), 0);
}

/** 0 for a process that has ended, such as nginx's cache loader. */
function statusMb(pid: number, name: string): number {
  try {
    const line = Deno.readTextFileSync(`/proc/${pid}/status`).match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"));
    return Number(line?.[1] ?? 0) * 1024 / 1e6;
  } catch {
    return 0;
  }
}
