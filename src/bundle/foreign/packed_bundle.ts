import { unpack, UnpackError } from "../../backends/shared/unpack.ts";
import { fileRange } from "./file_range.ts";
import { isOwnIndex } from "./is_foreign.ts";
import { codingOf } from "./source_tree.ts";

/** The index of a bundle is its second file, and says at its beginning whose it is. */
const headBytes = 1024 * 1024;

/** Returns how a bundle has been packed that can only be read once it is unpacked; null for anything else. */
export async function packingOfBundle(path: string): Promise<"xz" | "bzip2" | null> {
  if (!Deno.statSync(path).isFile) return null;
  const coding = await codingOf(path);
  if (coding !== "xz" && coding !== "bzip2") return null;
  const head = new TextDecoder().decode(await readHead(path, coding));
  return head.startsWith("oci-layout\0") && isOwnIndex(head) ? coding : null;
}

/** Unpacks the beginning of a file, as far as that succeeds. */
async function readHead(path: string, coding: string): Promise<Uint8Array> {
  const head = new Uint8Array(headBytes);
  let length = 0;
  const full = new Error("enough is unpacked");
  try {
    await unpack(fileRange(path, { start: 0, end: Deno.statSync(path).size }), coding, (chunk) => {
      const part = chunk.subarray(0, headBytes - length);
      head.set(part, length);
      length += part.byteLength;
      if (length === headBytes) throw full;
    });
  } catch (error) {
    if (!(error instanceof UnpackError)) throw error;
  }
  return head.subarray(0, length);
}
