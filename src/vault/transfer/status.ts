import { shownBytes } from "../../observe/shown_bytes.ts";
import type { TransferStatus } from "../vault.ts";

/** A longer list than this is not read. */
const mostDescribed = 10;

interface Progress {
  readonly artifact: {
    readonly backend: string;
    readonly key: string;
    readonly candidates: readonly { url: string }[];
  };
  /** The URL of the upstream that sends the body; null before that is known. */
  readonly source: string | null;
  readonly followers: number;
  /** The time at which the transfer began, in ms since the epoch. */
  readonly since: number;
  /** Undefined until upstream's headers are in. */
  progress(): BodyProgress | undefined;
}

export interface BodyProgress {
  readonly receivedBytes: number;
  readonly sizeBytes: number | null;
  /** Those of `receivedBytes` that an earlier transfer has left. */
  readonly resumedBytes: number;
  /** The milliseconds since upstream began to send it. */
  readonly elapsedMs: number;
  /** The milliseconds since the last bytes came. */
  readonly silentMs: number;
}

/** The status of a transfer. Its speed is the average since upstream began to send the body. */
export function statusOf(transfer: Progress): TransferStatus {
  const { artifact: { backend, key, candidates }, since, followers } = transfer;
  const progress = transfer.progress();
  const { receivedBytes = 0, sizeBytes = null, resumedBytes = 0, elapsedMs = 0 } = progress ?? {};
  const silentSeconds = Math.floor(Math.max(0, progress?.silentMs ?? Date.now() - since) / 1000);
  const bytesPerSecond = elapsedMs > 0 ? Math.round((receivedBytes - resumedBytes) / elapsedMs * 1000) : 0;
  const upstream = new URL(transfer.source ?? candidates[0]!.url).host;
  return { backend, key, upstream, since, followers, receivedBytes, sizeBytes, bytesPerSecond, silentSeconds };
}

/** Lists transfers for the log: `http /x.iso (1.5 MiB of 4 GiB, 2 followers)`, separated by semicolons. */
export function describeTransfers(transfers: readonly TransferStatus[]): string {
  const shown = transfers.slice(0, mostDescribed).map(({ backend, key, receivedBytes, sizeBytes, followers }) => {
    const size = sizeBytes === null ? "" : ` of ${shownBytes(sizeBytes)}`;
    return `${backend} ${key} (${shownBytes(receivedBytes)}${size}, ${followers} ${
      followers === 1 ? "follower" : "followers"
    })`;
  });
  const left = transfers.length - shown.length;
  return (left > 0 ? [...shown, `and ${left} more`] : shown).join("; ");
}
