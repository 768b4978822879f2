import type { Carrying } from "../../carrying.ts";

/** Documents about branches say which commits there are. */
export const carrying: Carrying = {
  isRoot: ({ key }) => /^\/api\/[^/]+\/.+\/revision\//.test(key) && !/\/revision\/[0-9a-f]{40}(?:[?;]|$)/.test(key),
};
