import type { HeaderList } from "./http/headers.ts";

/** What is known of a stored artifact that is carried to another vault. */
export interface CarriedEntry {
  readonly key: string;
  /** The upstream URL. */
  readonly url: string;
  readonly headers: HeaderList;
}

/** What a type of backend knows about its entries when they are carried in a bundle. All members may be absent. */
export interface Carrying {
  /**
   * The names by which image tools know the manifest that an entry stores, such as `docker.io/library/alpine:3.20`;
   * none for everything else. `type` is the word after `type:` in the configuration.
   */
  imageNames?(entry: CarriedEntry, type: string): readonly string[];
  /** The beginning of the keys of all entries that an image may need, by the entry that stores its manifest. */
  imageFolder?(entry: CarriedEntry): string;
  /**
   * The bodies of an image for one platform, by their SHA-256: its configuration, then its layers; none where that is
   * not known. `read` returns the bytes of a small body; null where there is none.
   */
  imageParts?(manifestSha256: string, read: (sha256: string) => Uint8Array | null): readonly string[];
  /** True for entries that say which others there are: they become visible after those. */
  isRoot?(entry: CarriedEntry): boolean;
  /** The SHA-256 in hex that the key of an entry says its body has; null where it says none. */
  digestOf?(entry: CarriedEntry): string | null;
}
