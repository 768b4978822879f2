import { Generations, type GenerationsOptions } from "../shared/generations/generations.ts";
import type { Artifacts } from "./artifacts.ts";
import { type Release, releaseOf } from "./release.ts";
import { fetchSignature } from "./release_signature.ts";
import { splitPath } from "./request.ts";
import type { RepositoryLane } from "./tasks.ts";

/** The names of the release of a suite, which may have either or both. */
export const releaseNames = ["InRelease", "Release"] as const;

/** The releases of a repository's suites, by the paths of their InRelease or Release. */
export type Releases = Generations<Release>;

export interface ReleasesOptions extends Omit<GenerationsOptions<Release>, "rules"> {
  readonly artifacts: Artifacts;
  readonly lane: RepositoryLane;
}

/** A release is served together with the indexes it lists, and with its signature. */
export function createReleases({ artifacts, lane, ...options }: ReleasesOptions): Releases {
  return new Generations({
    ...options,
    rules: {
      noun: "release",
      maxRootBytes: 64 * 1024 * 1024,
      parse: async (body) =>
        releaseOf(await lane.run({ name: "readRelease", bodies: [body], options: null, coding: "identity" })),
      sizeOf: ({ weight }) => weight,
      madeAt: ({ dateMs }) => dateMs,
      root: (path, copy) => artifacts.release(path, copy),
      members: ({ files }) => files.keys(),
      has: ({ files }, listed) => files.has(listed),
      member: (path, release, listed) => artifacts.index(splitPath(path).folder, release, listed),
      nameOf: (path, listed) => `${splitPath(path).folder}/${listed}`,
      fetchCompanions: (change, vault) => fetchSignature(artifacts, change, vault),
    },
  });
}
