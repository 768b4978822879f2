import type { HeaderList } from "../../http/headers.ts";
import { etagIn, hashIn, linkedSizeIn } from "./file_metadata.ts";
import { apiPathOfRepo, type Repo } from "./repo.ts";

/** A file at a commit. */
export interface CommittedFile {
  readonly repo: Repo;
  readonly commit: string;
  /** Percent-decoded. */
  readonly path: string;
}

/** What clients learn about a file besides its bytes. */
export interface ToldFile {
  readonly file: CommittedFile;
  /** The URL of the backend as the client wrote it; null where clients are told nothing of Xet. */
  readonly xetBase: string | null;
  /** Null where it is not known apart from the body. */
  readonly sizeBytes: number | null;
}

const passed: ReadonlySet<string> = new Set(["content-type", "content-disposition", "last-modified", "date"]);

/**
 * Returns the headers of a file for clients. They are the Hub's own, whichever server has sent the bytes, and they lead
 * nowhere but to the vault.
 */
export function fileHeaders(stored: HeaderList, { file, xetBase, sizeBytes }: ToldFile): HeaderList {
  const etag = etagIn(stored);
  const size = linkedSizeIn(stored) ?? sizeBytes;
  const hash = xetBase === null ? null : hashIn(stored);
  return [
    ...stored.filter(([name]) => passed.has(name)),
    ["x-repo-commit", file.commit],
    ...etag === null ? [] : [["etag", etag], ["x-linked-etag", etag]] as const,
    ...size === null ? [] : [["x-linked-size", String(size)]] as const,
    ...hash === null ? [] : xetHeaders(hash, file, xetBase!),
  ];
}

/** Where a client with Xet gets its token and the parts of the file: from the vault. */
export function xetHeaders(hash: string, { repo, commit }: CommittedFile, base: string): HeaderList {
  const { auth, reconstruction } = xetUrls(hash, { repo, commit }, base);
  return [
    ["x-xet-hash", hash],
    ["link", `<${auth}>; rel="xet-auth", <${reconstruction}>; rel="xet-reconstruction-info"`],
  ];
}

export function xetUrls(hash: string, { repo, commit }: Pick<CommittedFile, "repo" | "commit">, base: string) {
  return {
    auth: `${base}${apiPathOfRepo(repo)}/xet-read-token/${commit}`,
    reconstruction: `${base}/v1/reconstructions/${hash}`,
  };
}
