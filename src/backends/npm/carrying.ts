import type { Carrying } from "../../carrying.ts";

/** Documents about packages name the tarballs. */
export const carrying: Carrying = { isRoot: ({ key }) => !/\/-\/[^/]+\.tgz(?:;unlisted)?$/.test(key) };
