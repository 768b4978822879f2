import type { Carrying } from "../../carrying.ts";

/** The releases of suites, in all their copies, and signatures beside them: they name everything else. */
export const carrying: Carrying = {
  isRoot: ({ key }) => /(?:^|\/)(?:InRelease|Release(?:\.gpg)?)(?:;|$)/.test(key) || key.startsWith("/;releases/"),
  digestOf: ({ key }) => /\/by-hash\/SHA256\/([0-9a-f]{64})$/.exec(key)?.[1] ?? null,
};
