import { VaultError } from "../errors.ts";
import type { PlatformWords, SourceSetting, WarmSettings, WarmSource } from "../warming.ts";

const sourceSettings: readonly SourceSetting[] = ["python", "referrers", "recommends", "suites"];
const options: Readonly<Record<SourceSetting, string>> = {
  python: "--python",
  referrers: "--referrers",
  recommends: "--recommends",
  suites: "--suite",
};

/** Throws `config_invalid` for settings that mean nothing to any of the sources. */
export function checkSettings(given: WarmSettings, sources: readonly WarmSource[]): void {
  const { python, platforms } = given;
  if (python !== undefined && !/^\d+\.\d+(?:\.\d+)?$/.test(python)) {
    throw new VaultError("config_invalid", `"${python}" is no version of Python; write 3.12`);
  }
  checkPlatforms(platforms, sources.flatMap((source) => source.platforms ?? []));
  const known = new Set(sources.flatMap(({ settings = [] }) => settings));
  const useless = sourceSettings.find((name) => isGiven(given[name]) && !known.has(name));
  if (useless !== undefined) throw meansNothing(useless);
}

function isGiven(value: WarmSettings[SourceSetting]): boolean {
  return Array.isArray(value) ? value.length > 0 : value !== undefined && value !== false;
}

function meansNothing(name: SourceSetting): VaultError {
  return new VaultError(
    "config_invalid",
    `${options[name]}, or warm.${name}, means nothing to the backends of this configuration`,
  );
}

/** Throws `config_invalid` where one of the platforms is none in these words. */
export function checkPlatforms(platforms: readonly string[], words: readonly PlatformWords[]): void {
  const wrong = platforms.find((platform) => !words.some((one) => one.isOne(platform)));
  if (wrong === undefined) return;
  const examples = words.map(({ example }) => example).join(" or ");
  const advice = examples === "" ? "no backend here has things for platforms" : `write ${examples}`;
  throw new VaultError("config_invalid", `"${wrong}" is no platform; ${advice}`);
}
