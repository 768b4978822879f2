import { fileURLToPath } from "node:url";
import { findHubPython, type HubPython } from "../support/hub/hub_python.ts";
import { gib, mib } from "../support/random_file.ts";
import { ServerProcess } from "../support/server_process.ts";
import { createTempDir, type TempDir } from "../support/temp_dir.ts";
import { type Case, measureInTurns, memoryFigure, settleDisk } from "./bench.ts";
import { cpuSeconds } from "./cpu.ts";
import { type Side, sideOf, startBackend, startSides } from "./sides.ts";

const files = 40;
const version = "huggingface_hub==1.33.0";
const download = 'from huggingface_hub import snapshot_download; print(snapshot_download("acme/m"))';

/** `snapshot_download` of a repository that the vault has, by Xet and by HTTP, beside the same from the stand-in. */
export const hubDownloads: readonly Case[] = (["xet", "plain"] as const).map((how) => {
  const name = `hub-${how}-warm`;
  return {
    ...{ name, programs: ["python3"] },
    async run({ settings: { repeats, bigBytes } }) {
      const python = await findHubPython(version);
      if (python === null) return [];
      const fileBytes = Math.floor(2 * (bigBytes < gib ? 256 * mib : gib) / files);
      const hub = await startHub(how === "xet" ? "xet" : "lfs", fileBytes);
      const { url: base_url } = hub;
      await using sides = await startSides(
        () => startBackend({ type: "huggingface", name: "huggingface", config: { base_url } }),
        () => hub.side,
      );
      const client: Client = { python, env: how === "xet" ? {} : { HF_HUB_DISABLE_XET: "1" }, fileBytes };
      const measured = await measureInTurns(sides, repeats, {
        measure: (side) => measureDownload(side, client),
        prepare: (side) => measureDownload(side, client),
      });
      return [
        { name, unit: "s", ...measured.values("seconds"), wanted: [{ kind: "ratio", atMost: 1 }] },
        { name: `${name}, CPU of the server`, unit: "s", ...measured.values("cpu") },
        {
          ...memoryFigure(name, measured.memory),
          wanted: [{ kind: "vault", atMost: 200 }],
        },
      ];
    },
  };
});

interface Client {
  readonly python: HubPython;
  readonly env: Readonly<Record<string, string>>;
  readonly fileBytes: number;
}

/** What the client has downloaded before is removed first. */
async function measureDownload(side: Side, { python, env, fileBytes }: Client) {
  await using dir = await createTempDir("vault-bench-hub-");
  await settleDisk();
  const cpuBefore = cpuSeconds(side.pids());
  const begin = performance.now();
  const { stdout } = await python.run(download, { dir, endpoint: side.url(""), env });
  const seconds = (performance.now() - begin) / 1000;
  const cpu = cpuSeconds(side.pids()) - cpuBefore;
  const folder = stdout.trim().split("\n").at(-1)!;
  const sizes = [...Deno.readDirSync(folder)].map(({ name }) => Deno.statSync(`${folder}/${name}`).size);
  if (sizes.length !== files || sizes.some((bytes) => bytes !== fileBytes)) throw new Error("a file is not whole");
  return { seconds, cpu };
}

/** The stand-in in a process of its own. */
async function startHub(storage: string, fileBytes: number): Promise<{ readonly url: string; readonly side: Side }> {
  const dir: TempDir = await createTempDir("vault-bench-");
  const program = fileURLToPath(new URL("../support/hub/main.ts", import.meta.url));
  const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
  const args = ["run", "--quiet", "--no-check", "-A", `--config=${config}`, program];
  const process = new ServerProcess([Deno.execPath(), ...args, storage, String(files), String(fileBytes)]);
  const [url] = await process.waitForLine(/http:\/\/127\.0\.0\.1:\d+/);
  return { url, side: sideOf({ name: "straight", url, process, dir }) };
}
