import { type Env, optionalEnv } from "../../config/env.ts";
import type { Look } from "./styled.ts";

/** Says what a terminal can show, by the variables that all programs go by (POSIX, no-color.org). */
export function terminalLook(env: Env): Pick<Look, "isUnicode" | "hasColors"> {
  const read = (name: string) => optionalEnv(env, name) ?? "";
  const locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(read).find((value) => value !== "") ?? "";
  return { isUnicode: /utf-?8/i.test(locale), hasColors: read("NO_COLOR") === "" };
}

/** True for a terminal that can do no more than write lines below each other. */
export function isDumb(env: Env): boolean {
  return optionalEnv(env, "TERM") === "dumb";
}
