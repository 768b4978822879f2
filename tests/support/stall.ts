/**
 * The longest time, in ms, for which the event loop did nothing else while `work` ran; rejects as `work` does. On Linux
 * the time does not count for which the machine had other programs to run.
 */
export async function longestStall(work: () => unknown): Promise<number> {
  let longestMs = 0;
  let last = ownTime();
  const look = () => {
    const now = ownTime();
    longestMs = Math.max(longestMs, now - last);
    last = now;
  };
  const timer = setInterval(look, 1);
  try {
    await new Promise((resolve) => setTimeout(resolve));
    longestMs = 0;
    last = ownTime();
    await work();
    look();
    return longestMs;
  } finally {
    clearInterval(timer);
  }
}

/** The time in ms, less that for which this thread could have run and had to wait for a core (proc(5), schedstat). */
function ownTime(): number {
  const now = performance.now();
  if (Deno.build.os !== "linux") return now;
  const [, waitedNs = "0"] = Deno.readTextFileSync("/proc/thread-self/schedstat").split(" ");
  return now - Number(waitedNs) / 1e6;
}

/**
 * What a test may allow where the promise is 20 ms: the machine may be busy with other tests. What takes quadratic time
 * on the texts here takes seconds.
 */
export const tolerableMs = 1000;

/**
 * Texts of about this length, in which one of the pieces is repeated, with each of them before it and each behind it:
 * where a pattern can match in several ways, one of them shows it.
 */
export function hostileTexts(pieces: readonly string[], length: number): string[] {
  return pieces.flatMap((unit) => {
    const run = unit.repeat(Math.ceil(length / unit.length));
    return [run, ...pieces.map((piece) => piece + run), ...pieces.map((piece) => run + piece)];
  });
}
