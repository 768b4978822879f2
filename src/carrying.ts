import type { HeaderList } from "./http/headers.ts";

/** What is known of a stored artifact that is carried to another vault. */
export interface CarriedEntry {
  readonly key: string;
  /** The upstream URL. */
  readonly url: string;
  readonly headers: HeaderList;
}

/** What a type of backend knows about its entries when they are carried in a bundle. Both members may be absent. */
export interface Carrying {
  /**
   * The names by which image tools know the manifest that an entry stores, such as `docker.io/library/alpine:3.20`;
   * none for everything else. `type` is the word after `type:` in the configuration.
   */
  imageNames?(entry: CarriedEntry, type: string): readonly string[];
  /** True for entries that say which others there are: they become visible after those. */
  isRoot?(entry: CarriedEntry): boolean;
}
