import { VaultError } from "../errors.ts";
import type { PlatformWords, WarmSettings, WarmSource } from "../warming.ts";

/** Throws `config_invalid` for settings that mean nothing to any of the sources. */
export function checkSettings({ python, platforms }: WarmSettings, sources: readonly WarmSource[]): void {
  if (python !== undefined && !/^\d+\.\d+(?:\.\d+)?$/.test(python)) {
    throw new VaultError("config_invalid", `"${python}" is no version of Python; write 3.12`);
  }
  checkPlatforms(platforms, sources.flatMap((source) => source.platforms ?? []));
}

/** Throws `config_invalid` where one of the platforms is none in these words. */
export function checkPlatforms(platforms: readonly string[], words: readonly PlatformWords[]): void {
  const wrong = platforms.find((platform) => !words.some((one) => one.isOne(platform)));
  if (wrong === undefined) return;
  const examples = words.map(({ example }) => example).join(" or ");
  const advice = examples === "" ? "no backend here has things for platforms" : `write ${examples}`;
  throw new VaultError("config_invalid", `"${wrong}" is no platform; ${advice}`);
}
