import { Buffer } from "node:buffer";
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { asJsonObject, type JsonObject, parseJsonObject } from "../../../http/json.ts";

/** Seals values that clients carry, so that only what this process has said is believed, and only for a while. */
export class Seal {
  readonly #key = randomBytes(32);

  /** Returns a text of letters, digits, dots, dashes and underscores; good until `expiresAt`, ms since the epoch. */
  close(value: JsonObject, expiresAt: number): string {
    const text = Buffer.from(JSON.stringify({ ...value, until: expiresAt })).toString("base64url");
    return `${text}.${this.#signature(text).toString("base64url")}`;
  }

  /** Returns the value; null where it was not sealed here for this `purpose`, or is not good any more. */
  open(sealed: string, purpose: string): JsonObject | null {
    const [text = "", signature = ""] = sealed.split(".");
    const [given, own] = [Buffer.from(signature, "base64url"), this.#signature(text)];
    if (given.byteLength !== own.byteLength || !timingSafeEqual(given, own)) return null;
    const value = asJsonObject(parseJsonObject(Buffer.from(text, "base64url")));
    return value.purpose === purpose && typeof value.until === "number" && Date.now() < value.until ? value : null;
  }

  #signature(text: string): Buffer {
    return createHmac("sha256", this.#key).update(text).digest();
  }
}
