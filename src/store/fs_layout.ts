import { createHash } from "node:crypto";
import type { HeaderList } from "../http/headers.ts";

const maxSegment = 180;
/** With the cache directory before it, a path stays below the 1024 bytes that macOS allows. */
const maxPath = 600;
/** Windows treats these names as devices, whatever follows the first dot. */
const longFolder = "=l";
const unrootedFolder = "=r";
const deviceName = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?=\.|$)/i;

/** A segment that was too long, as `escapeSegment` cuts it. */
const shortened = /^.{100}=h[0-9a-f]{40}$/;

/** The paths inside a cache directory. */
export class FsLayout {
  readonly root: string;
  readonly blobs: string;
  readonly entries: string;
  readonly staging: string;
  /** The journals of what upstreams do not have. */
  readonly absencesFolder: string;
  /** The bodies of bundles that are being imported, a folder for each bundle. */
  readonly imports: string;
  /** The file with the last known size of the cache, so that a start need not count it. */
  readonly usage: string;
  /** The file with the progress of verification. */
  readonly scrub: string;
  /** The file with the patterns of entries that are never removed. */
  readonly pins: string;
  /** The file that a process replaces when it has added or removed bodies, for others to count again. */
  readonly changes: string;
  /** The sockets at which running servers take commands. */
  readonly servers: string;
  /** The list of what clients missed while the vault was offline. */
  readonly misses: string;
  /** The file with the traffic of the last minutes, hours and days. */
  readonly history: string;
  /** The file with the times at which all bodies were last verified, pruned or imported by a command. */
  readonly milestones: string;

  constructor(root: string) {
    this.root = root;
    this.blobs = `${root}/blobs/sha256`;
    this.entries = `${root}/entries`;
    this.staging = `${root}/staging`;
    this.absencesFolder = `${root}/absent`;
    this.imports = `${root}/imports`;
    this.usage = `${root}/usage.json`;
    this.scrub = `${root}/scrub.json`;
    this.pins = `${root}/pins.json`;
    this.misses = `${root}/misses.jsonl`;
    this.changes = `${root}/changes`;
    this.servers = `${root}/servers`;
    this.history = `${root}/history.json`;
    this.milestones = `${root}/milestones.json`;
  }

  /** The folders whose content the vault lists, and removes where it is of no use any more. */
  get folders(): readonly string[] {
    const { root, blobs, entries, staging, imports, absencesFolder, servers } = this;
    return [`${root}/blobs`, blobs, entries, staging, imports, absencesFolder, servers];
  }

  blob(sha256: string): string {
    return `${this.blobs}/${sha256.slice(0, 2)}/${sha256}`;
  }

  /** The journal of the artifacts that a backend's upstreams do not have. */
  absences(backend: string): string {
    return `${this.absencesFolder}/${escapeSegment(backend)}.jsonl`;
  }

  /** The folder of a backend's entries. */
  entriesOf(backend: string): string {
    return `${this.entries}/${escapeSegment(backend)}`;
  }

  /** The file of a key's newest entry; with `variant` (`variantOf`), that of one variant. */
  entry(backend: string, key: string, variant = ""): string {
    return `${this.entriesOf(backend)}/${escapePath(key)}~${variant}.json`;
  }

  /**
   * The folder of the entries whose keys are `parent` and one more segment. `parent` is empty or ends with a slash. The
   * keys that are in `longEntries` have no such folder.
   */
  entriesIn(backend: string, parent: string): string {
    const rooted = parent.startsWith("/");
    const segments = (rooted ? parent.slice(1) : parent).split("/").slice(0, -1).map(escapeSegment);
    return [this.entriesOf(backend), ...rooted ? [] : [unrootedFolder], ...segments].join("/");
  }

  /** The folder of the entries whose keys are too long for a path, named by hashes of their keys. */
  longEntries(backend: string): string {
    return `${this.entriesOf(backend)}/${longFolder}`;
  }
}

/** A part of a file name for the request-header values that select a variant. */
export function variantOf(selectedBy: HeaderList): string {
  return shortHash(JSON.stringify(selectedBy));
}

/** A name for a key in the flat staging folder. */
export function stagingName(backend: string, key: string, requestHeaders: HeaderList): string {
  return shortHash(JSON.stringify([backend, key, requestHeaders]));
}

/**
 * The path of a key below the folder of its backend. No two keys share a path (up to collisions of SHA-256), no path
 * leaves its folder, and every name is legal on Linux, macOS and Windows.
 */
export function escapePath(key: string): string {
  // Each segment makes the path longer by two at least: with so many there is no need to look at them.
  if (key.length > maxPath && key.split("/", maxPath).length === maxPath) return `${longFolder}/${shortHash(key)}`;
  const rooted = key.startsWith("/");
  const escaped = (rooted ? key.slice(1) : key).split("/").map(escapeSegment).join("/");
  const path = rooted ? escaped : `${unrootedFolder}/${escaped}`;
  return path.length <= maxPath ? path : `${longFolder}/${shortHash(key)}`;
}

/** False for the folders that stand for no segment of a key. */
export function isSegment(name: string): boolean {
  return name !== longFolder && name !== unrootedFolder;
}

/** The segment of a key that a name stands for; null where the name is shortened. */
export function unescapeSegment(name: string): string | null {
  if (shortened.test(name)) return null;
  if (name === "=") return "";
  const codeOf = (_: string, long?: string, short?: string) => String.fromCharCode(parseInt(long ?? short!, 16));
  return name.replace(/=(?:u([0-9A-F]{4})|([0-9A-F]{2}))/g, codeOf);
}

function escapeSegment(segment: string): string {
  if (segment === "") return "=";
  const escaped = segment
    .replace(/[^A-Za-z0-9._%+@,-]/g, escapeCharacter)
    .replace(/^\.|\.$/g, "=2E")
    .replace(deviceName, (name) => `=${hexOf(name)}${name.slice(1)}`);
  return escaped.length <= maxSegment ? escaped : `${escaped.slice(0, 100)}=h${shortHash(segment)}`;
}

function escapeCharacter(character: string): string {
  const hex = hexOf(character);
  return hex.length <= 2 ? `=${hex.padStart(2, "0")}` : `=u${hex.padStart(4, "0")}`;
}

function hexOf(text: string): string {
  return text.charCodeAt(0).toString(16).toUpperCase();
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 40);
}
