import { createKeyPair, publicPemOf, readPublicKey } from "../../bundle/signing_key.ts";
import { asPermissionMissing } from "../../config/permission.ts";
import { messageOf, VaultError } from "../../errors.ts";
import type { Action } from "../command.ts";
import { configOptions } from "../config_options.ts";
import type { Io } from "../io.ts";
import { readPem } from "./common_options.ts";

/** Makes and shows keys for bundles. */
export const key: Action = {
  name: "key",
  summary: "Make a pair of keys for bundles, or show which key a file has",
  examples: ["artifact-vault bundle key new vault", "artifact-vault bundle key show vault.pub.pem"],
  operands: {
    usage: "new NAME | show FILE",
    help: "new writes the private key NAME.pem and the public key NAME.pub.pem; show prints a fingerprint",
    least: 2,
    most: 2,
    verbs: ["new", "show"],
  },
  options: {
    config: { ...configOptions.config!, help: "Taken as by the other commands of bundle; a key needs nothing of it" },
  },
  async run({ operands: [verb = "", name = ""] }, io) {
    if (verb === "new") return await makeKeys(name, io);
    if (verb === "show") return await showKey(name, io);
    throw new VaultError("config_invalid", `"${verb}" is not a command of bundle key; known are new, show`);
  },
};

async function makeKeys(name: string, io: Io): Promise<number> {
  const pair = await createKeyPair();
  const [privatePath, publicPath] = [`${name}.pem`, `${name}.pub.pem`];
  for (const path of [privatePath, publicPath]) requireNew(path);
  await writeNew(privatePath, pair.privatePem, 0o600);
  await writeNew(publicPath, pair.publicPem, 0o644);
  const { fingerprint } = await readPublicKey(pair.publicPem, publicPath);
  io.stdout(
    `Wrote ${privatePath}, which signs bundles and stays secret, and ${publicPath}, by which others verify them\n` +
      `Fingerprint: ${fingerprint}\n`,
  );
  return 0;
}

async function showKey(path: string, io: Io): Promise<number> {
  const pem = await readPem(path);
  const found = await readPublicKey(pem, path);
  const kind = pem.includes("PRIVATE KEY") ? "A private key" : "A public key";
  io.stdout(`${kind}, ECDSA P-256\nFingerprint: ${found.fingerprint}\n${await publicPemOf(found)}`);
  return 0;
}

/** Both are looked for before one is written, so that no half of a pair is left. */
function requireNew(path: string): void {
  try {
    Deno.lstatSync(path);
  } catch {
    // It is not there, or the attempt to write it says what is wrong.
    return;
  }
  throw new VaultError("storage_failed", `Cannot write the key "${path}": ${isThere}`);
}

const isThere = "there is one already, and it stays; choose another name";

/** An existing key is never replaced: bundles that were signed with it could not be verified any more. */
async function writeNew(path: string, text: string, mode: number): Promise<void> {
  try {
    await Deno.writeTextFile(path, text, { createNew: true, mode });
  } catch (error) {
    const why = error instanceof Deno.errors.AlreadyExists ? isThere : messageOf(error);
    throw asPermissionMissing(error) ??
      new VaultError("storage_failed", `Cannot write the key "${path}": ${why}`, { cause: error });
  }
}
