import { stringify } from "yaml";
import { partsSuffix } from "../../archive/parts.ts";
import { isKit, kitKey, nameInTheWay, nameOf, writeKit } from "../../bundle/kit.ts";
import { KitFolder } from "../../bundle/kit_folder.ts";
import { publicPemOf, readPublicKey } from "../../bundle/signing_key.ts";
import { carriedConfig } from "../../config/carried_config.ts";
import type { Config } from "../../config/schema.ts";
import { configSchema } from "../../configuration.ts";
import { asPermissionMissing } from "../../config/permission.ts";
import { messageOf, VaultError } from "../../errors.ts";
import { statOrNull } from "../../store/regular_files.ts";
import type { Given, OptionSpec } from "../command.ts";
import { textOf } from "../option_values.ts";
import { isLoopback } from "../loopback.ts";
import { oldRuntime } from "../runtime.ts";
import { folderOf, readPem, summaryPath } from "./common_options.ts";
import { requireKitNames } from "./kit_names.ts";

export const kitOptions: Readonly<Record<string, OptionSpec>> = {
  kit: { value: "DIR", help: "Make DIR the folder to carry: OUT is written into it, beside all that a server needs" },
  executable: {
    value: "FILE",
    repeats: true,
    help: "With --kit, an executable for the other side; otherwise this one",
  },
};

/** A folder to carry, as a command line asks for it. */
export interface Kit {
  /** The path of the bundle in it. */
  readonly out: string;
  /** Makes its folder. */
  begin(): void;
  /** Writes everything else. Throws `storage_failed`. */
  complete(config: Config, signal: AbortSignal): Promise<void>;
  /** Leaves no folder behind in which nothing is. */
  close(): void;
}

/**
 * The kit that a command line asks for; null for none. Throws `config_invalid` where something for it is missing, before
 * anything is written.
 */
export async function kitOf({ values, lists }: Given, out: string): Promise<Kit | null> {
  const folder = textOf(values, "kit")?.replace(/\/+$/, "");
  if (folder === undefined) {
    if (lists.executable === undefined) return null;
    throw new VaultError("config_invalid", "--executable belongs to --kit DIR");
  }
  if (out === "-") throw new VaultError("config_invalid", "--kit needs the name of a bundle, as in friday.tar");
  const bundle = nameOf(out.replace(/\/+$/, ""));
  const name = out.endsWith("/") ? `${bundle}/` : bundle;
  if (isKit(folder)) {
    throw new VaultError(
      "config_invalid",
      `--kit: "${folder}" has a kit already, and nothing of it is replaced; name another folder, or remove that one. ` +
        "A later bundle needs no kit: export it without --kit, and carry it alone",
    );
  }
  const executables = lists.executable ?? ownExecutable();
  executables.forEach(requireFile);
  const isSplit = values["part-size"] !== undefined;
  requireKitNames({ bundle, isSplit, executables, summary: nameInFolder(folder, summaryPath({ values }, out)) });
  requireNothingInTheWay(folder, executables);
  const key = textOf(values, "sign");
  const publicKey = key === undefined ? null : await publicPemOf(await readPublicKey(await readPem(key), key));
  let made: KitFolder | null = null;
  return {
    out: `${folder}/${name}`,
    begin: () => void (made = new KitFolder(folder)),
    async complete(config, signal) {
      const content = {
        executables,
        isOldRuntime: lists.executable === undefined && oldRuntime() !== null,
        config: configText(config, publicKey !== null),
        publicKey,
        bundle: isSplit ? name + partsSuffix : name,
        url: urlOf(config),
        isForOthers: !isLoopback(config.http_host),
      };
      try {
        await writeKit(folder, content, signal);
      } catch (error) {
        throw asPermissionMissing(error) ?? incomplete(`${folder}/${name}`, error);
      }
    },
    close: () => made?.close(),
  };
}

function incomplete(bundle: string, cause: unknown): VaultError {
  const message = `Wrote the bundle "${bundle}", and nothing else of the kit: ${
    messageOf(cause)
  }. Run the command again`;
  return new VaultError("storage_failed", message, { cause });
}

function requireNothingInTheWay(folder: string, executables: readonly string[]): void {
  const name = nameInTheWay(folder, executables);
  if (name === null) return;
  throw new VaultError(
    "config_invalid",
    `--kit: "${folder}" has "${name}" already, and a kit replaces nothing; name another folder, or move that file`,
  );
}

/** The name of a file that is in a folder; null for none, and for one elsewhere. */
function nameInFolder(folder: string, path: string | null): string | null {
  if (path === null) return null;
  const [here, there] = [statOrNull(folder), statOrNull(folderOf(path))];
  const isSame = here !== null && there !== null
    ? here.dev === there.dev && here.ino === there.ino
    : plain(folder) === plain(folderOf(path));
  return isSame ? nameOf(path) : null;
}

function plain(path: string): string {
  return path.replace(/^(?:\.\/+)+/, "").replace(/\/{2,}/g, "/");
}

function requireFile(path: string): void {
  try {
    if (Deno.statSync(path).isFile) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw asPermissionMissing(error) ?? error;
  }
  throw new VaultError("config_invalid", `--executable: there is no file "${path}"`);
}

function ownExecutable(): readonly string[] {
  if (Deno.build.standalone) return [Deno.execPath()];
  throw new VaultError(
    "config_invalid",
    "--kit: this program runs from source; compile it with make compile, and name the result with --executable FILE",
  );
}

function configText(config: Config, isSigned: boolean): string {
  const bundles = isSigned ? { bundles: { trust: [`./${kitKey}`], require_signature: true } } : {};
  return stringify({ ...carriedConfig(config, configSchema), ...bundles }, { lineWidth: 0 });
}

function urlOf({ http_host, http_port }: Config): string {
  const isAny = http_host === "0.0.0.0" || http_host === "::";
  const host = isAny ? "SERVER" : http_host.includes(":") ? `[${http_host}]` : http_host;
  return `http://${host}:${http_port}/`;
}
