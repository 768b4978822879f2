import type { Carrying } from "../../carrying.ts";

/** Pages of projects and lists of them name the files. */
export const carrying: Carrying = { isRoot: ({ key }) => !/\.(?:whl|metadata|zip|tar\.[a-z0-9]+|egg|asc)$/i.test(key) };
