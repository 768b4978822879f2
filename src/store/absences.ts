import { LRUCache } from "lru-cache";
import { messageOf } from "../errors.ts";
import type { Log } from "../observe/log.ts";
import { fileMode, removeQuietly, replaceFile, withFolder } from "./files.ts";
import type { FsLayout } from "./fs_layout.ts";
import { fileOrNull, openRegularFile, readTextOrNull } from "./regular_files.ts";
import type { Absence } from "./store.ts";

/** The most that is kept for each backend: anybody can ask for names that do not exist. */
const maxBytes = 2 * 1024 * 1024;
const mostFileBytes = 3 * maxBytes;
const mostCharacters = { key: 2048, message: 500, protocolCode: 100 };

interface AbsencesDeps {
  readonly temporary: () => string;
  readonly log: Log;
}

/**
 * Remembers which artifacts upstreams answered with 404 or 410: one bounded journal for each backend, which is read
 * when the backend is first asked for. The least recently used names are forgotten first.
 */
export class Absences {
  readonly #layout: FsLayout;
  readonly #deps: AbsencesDeps;
  readonly #journals = new Map<string, Journal>();

  constructor(layout: FsLayout, deps: AbsencesDeps) {
    this.#layout = layout;
    this.#deps = deps;
  }

  /** Null where nothing is known of the key, or upstream has it by now. */
  find(backend: string, key: string): Absence | null {
    return this.#of(backend).known.get(key) ?? null;
  }

  remember(backend: string, key: string, absence: Absence): void {
    if (key.length > mostCharacters.key) return;
    const { protocolCode = "", ...rest } = absence;
    const hasCode = protocolCode !== "" && protocolCode.length <= mostCharacters.protocolCode;
    const message = absence.message.slice(0, mostCharacters.message);
    this.#of(backend).add(key, { ...rest, message, ...hasCode && { protocolCode } });
  }

  forget(backend: string, key: string): void {
    const journal = this.#of(backend);
    if (journal.known.delete(key)) journal.write(key, null);
  }

  /** All keys of a backend that are remembered as absent. */
  keys(backend: string): readonly string[] {
    return [...this.#of(backend).known.keys()];
  }

  /** Reads again what other processes have changed. */
  reload(): void {
    for (const journal of this.#journals.values()) journal.reload();
  }

  /** Resolves when everything is written. */
  async close(): Promise<void> {
    await Promise.all([...this.#journals.values()].map((journal) => journal.written));
  }

  #of(backend: string): Journal {
    const known = this.#journals.get(backend);
    if (known) return known;
    const journal = new Journal(this.#layout.absences(backend), this.#deps);
    this.#journals.set(backend, journal);
    return journal;
  }
}

/** A file with one line of JSON for each change; the last line of a key counts. It is rewritten when it has grown. */
class Journal {
  readonly known = createKnown();
  /** Resolves when all changes so far are written. */
  written: Promise<void> = Promise.resolve();
  readonly #path: string;
  readonly #deps: AbsencesDeps;
  #pending = "";
  /** The size of the file where nobody else has written to it. */
  #fileBytes = 0;

  constructor(path: string, deps: AbsencesDeps) {
    this.#path = path;
    this.#deps = deps;
    this.#load();
  }

  add(key: string, absence: Absence): void {
    this.known.set(key, absence);
    this.write(key, absence);
  }

  /** Writes a change soon, together with other changes until then. Null removes the key. */
  write(key: string, absence: Absence | null): void {
    if (this.#pending === "") this.written = this.written.then(() => this.#flush());
    this.#pending += lineOf(key, absence);
  }

  /** Reads the file again where others have changed it. */
  reload(): void {
    this.written = this.written.then(() => {
      if ((fileOrNull(this.#path)?.size ?? 0) === this.#fileBytes) return;
      this.known.clear();
      this.#load();
      apply(this.#pending, this.known);
    });
  }

  async #flush(): Promise<void> {
    const text = this.#pending;
    this.#pending = "";
    try {
      if (this.#fileBytes + text.length > 2 * maxBytes) await this.#rewrite();
      else {
        await withFolder(this.#path, () => Deno.writeTextFile(this.#path, text, { append: true, mode: fileMode }));
        this.#fileBytes += bytesOf(text);
      }
    } catch (error) {
      this.#deps.log.warning(`Cannot write down what upstreams do not have: ${messageOf(error)}`);
    }
  }

  async #rewrite(): Promise<void> {
    const oldestFirst = [...this.known.keys()].reverse();
    const text = oldestFirst.map((key) => lineOf(key, this.known.peek(key)!)).join("");
    await replaceFile(this.#path, this.#deps.temporary(), text);
    this.#fileBytes = bytesOf(text);
  }

  #load(): void {
    const text = readTextOrNull(this.#path, mostFileBytes);
    this.#fileBytes = bytesOf(text ?? "");
    // A link, a pipe or a huge file in a directory from elsewhere is not ours: nothing may be appended to it.
    if (text === null) removeQuietly(this.#path);
    else apply(text, this.known);
  }
}

/**
 * Reads what is remembered as absent in a backend, for those who serve nobody; none where that cannot be read. The
 * journal stays as it is.
 */
export function readAbsences(layout: FsLayout, backend: string): ReadonlyMap<string, Absence> {
  const known = createKnown();
  apply(readTextOrNull(layout.absences(backend), mostFileBytes) ?? "", known);
  return new Map(known.entries());
}

/**
 * Forgets keys of a backend. A server that has read the journal does so as well, once it hears of changes
 * (`announceChange`). Throws what the system says.
 */
export function forgetAbsences(layout: FsLayout, backend: string, keys: readonly string[]): void {
  using file = openRegularFile(layout.absences(backend), { append: true }).file;
  const bytes = new TextEncoder().encode(keys.map((key) => lineOf(key, null)).join(""));
  for (let at = 0; at < bytes.byteLength;) at += file.writeSync(bytes.subarray(at));
}

function createKnown() {
  return new LRUCache<string, Absence>({
    maxSize: maxBytes,
    sizeCalculation: ({ message, protocolCode = "" }, key) => key.length + message.length + protocolCode.length + 60,
  });
}

/** Makes the changes of some lines of a journal. */
function apply(text: string, known: ReturnType<typeof createKnown>): void {
  for (const line of text.split("\n")) {
    const change = parseLine(line);
    if (change?.absence) known.set(change.key, change.absence);
    else if (change) known.delete(change.key);
  }
}

function bytesOf(text: string): number {
  return new TextEncoder().encode(text).byteLength;
}

function lineOf(key: string, absence: Absence | null): string {
  const { status, at, message, protocolCode } = absence ?? {};
  // The line end comes first, so that a line that a crash has cut spoils no other.
  const told = [key, status, at, message, ...protocolCode === undefined ? [] : [protocolCode]];
  return "\n" + JSON.stringify(absence === null ? [key] : told);
}

/** Null for a line that a crash has cut short or that the vault did not write. */
function parseLine(line: string): { readonly key: string; readonly absence: Absence | null } | null {
  try {
    const [key, status, at, message, protocolCode] = JSON.parse(line);
    if (typeof key !== "string" || key.length > mostCharacters.key) return null;
    if (status === undefined) return { key, absence: null };
    const sound = (status === 404 || status === 410) && Number.isFinite(at) && typeof message === "string";
    if (!sound) return null;
    const hasCode = typeof protocolCode === "string" && protocolCode.length <= mostCharacters.protocolCode;
    const absence = { status, at, message: message.slice(0, mostCharacters.message) };
    return { key, absence: hasCode ? { ...absence, protocolCode } : absence };
  } catch {
    return null;
  }
}
