import type { Io } from "../io.ts";
import { Progress } from "../progress.ts";

/** Counts the files that a command looks at. */
export interface Visits {
  /** Is called for each, or for so many of them. */
  readonly visited: (count?: number) => void;
  /** Takes the count off the terminal until the next file. */
  hide(): void;
}

/** Shows how many files have been looked at while `action` runs. */
export async function withVisits<T>(io: Io, action: (visits: Visits) => Promise<T>): Promise<T> {
  const progress = new Progress(io);
  let done = 0;
  const unit = ["file looked at", "files looked at"] as const;
  const visited = (count = 1) => {
    done += count;
    progress.show({ unit, done, total: null, bytes: 0, totalBytes: null });
  };
  return await action({ visited, hide: () => progress.end() }).finally(() => progress.end());
}
