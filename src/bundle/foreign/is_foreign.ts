import type { MemberSource } from "../../archive/member_source.ts";
import { VaultError } from "../../errors.ts";
import { maxIndexBytes } from "../index_document.ts";
import { annotation } from "../shard.ts";

/**
 * Says whether a source is certainly no bundle of Artifact Vault, by its first files: whatever may be one, damaged or
 * not, is not foreign. The source cannot be read again from its beginning.
 */
export async function isForeign(source: MemberSource): Promise<boolean> {
  try {
    if (!await source.has("oci-layout")) return true;
    await (await source.open("oci-layout"))?.skip();
    if (!await source.has("index.json")) return true;
    const index = await source.open("index.json");
    if (index === null || index.sizeBytes > maxIndexBytes) return true;
    const decoder = new TextDecoder();
    let text = "";
    for (let bytes = await index.next(); bytes !== null; bytes = await index.next()) {
      text += decoder.decode(bytes, { stream: true });
    }
    return !isOwnIndex(text);
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    return error.code === "bundle_wrong";
  }
}

/** Says whether an `index.json` is that of a bundle, or of what was one. */
export function isOwnIndex(text: string): boolean {
  return text.includes(annotation);
}
