import { VaultError } from "../../errors.ts";
import { checksumKinds, parseChecksum } from "./checksums.ts";
import { parseParagraph } from "./deb822.ts";
import { type FileColumns, packFiles, ReleaseFiles } from "./release_files.ts";

/** A parsed Release or InRelease file. */
export interface Release {
  /** When it was made, in ms since the epoch; null without a date in the form that apt accepts. */
  readonly dateMs: number | null;
  /** True if upstream has the indexes at `by-hash` paths too. */
  readonly acquireByHash: boolean;
  readonly files: ReleaseFiles;
  /** About how many bytes of memory it takes. */
  readonly weight: number;
}

/** A release as plain values, which can be passed between threads. */
export interface ReleaseColumns extends Omit<Release, "files" | "weight"> {
  readonly files: FileColumns;
}

/**
 * Parses a Release file, or the signed part of an InRelease file; clients verify the signatures. Throws
 * `upstream_failed` for any other document, such as a login page, and for an InRelease file that has lost its end.
 */
export function parseRelease(bytes: Uint8Array): ReleaseColumns {
  const fields = parseParagraph(signedText(new TextDecoder().decode(bytes).replaceAll("\r\n", "\n")));
  const lists = checksumKinds.flatMap((kind) => {
    const lines = fields.get(kind.name.toLowerCase()) ?? [];
    const checksums = lines.flatMap((line) => parseChecksum(line, kind.digestBytes) ?? []);
    return checksums.length === 0 ? [] : [{ kind, checksums }];
  });
  if (lists.length === 0) throw unreadable("it lists no files with their checksums");
  return {
    dateMs: parseDate(fields.get("date")?.[0] ?? ""),
    acquireByHash: /^(?:yes|true|with|on|enable|1)$/i.test(fields.get("acquire-by-hash")?.[0] ?? ""),
    files: packFiles(lists),
  };
}

/** Makes a release that files can be looked up in. */
export function releaseOf({ files: columns, ...release }: ReleaseColumns): Release {
  const files = new ReleaseFiles(columns);
  return { ...release, files, weight: files.weight };
}

/** The text that a signature within the file signs (RFC 4880 §7); the whole text where there is no signature. */
function signedText(text: string): string {
  const begin = /^-----BEGIN PGP SIGNED MESSAGE-----[ \t]*\n/m.exec(text);
  if (begin === null) return text;
  // The armor's own headers end at the first empty line.
  const message = text.slice(begin.index + begin[0].length);
  const empty = /^[ \t]*\n/m.exec(message);
  if (empty === null) throw unreadable("its signed text is missing");
  const rest = message.slice(empty.index + empty[0].length);
  const end = rest.search(/^-----BEGIN PGP SIGNATURE-----/m);
  if (end < 0) throw unreadable("its signature is missing");
  return rest.slice(0, end).replace(/^- /gm, "");
}

/** Parses a date as in mail (RFC 5322 §3.3), in universal time: apt accepts no other. */
function parseDate(text: string): number | null {
  const isDate = /^[a-z]{3}, +\d{1,2} [a-z]{3} \d{4} \d{2}:\d{2}:\d{2} (?:utc|gmt|z|[+-]0000)$/i.test(text);
  const ms = isDate ? Date.parse(text) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

function unreadable(reason: string): VaultError {
  return new VaultError("upstream_failed", `Not a Release file of a Debian repository: ${reason}`);
}
