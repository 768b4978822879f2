import { RecordingServer } from "../recording_server.ts";
import { runCommand } from "../run_command.ts";

/** The Debian mirror that this machine's own apt uses. */
export interface DebianMirror {
  /** Without a slash at its end. */
  readonly url: string;
  readonly suite: string;
}

const keyring = "/usr/share/keyrings/debian-archive-keyring.gpg";

/** Says what its packages are checked with. */
export const debianKeyring = keyring;

/** Null, and says why on the terminal, where the machine has none, or it does not answer. */
export async function findDebianMirror(): Promise<DebianMirror | null> {
  const format = ["--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"];
  const { stdout } = await runCommand(["apt-get", "indextargets", ...format]).catch(() => ({ stdout: "" }));
  const targets = stdout.split("\n").map((line) => line.split(" ")).filter(([url = ""]) => /^https?:/.test(url));
  const main = targets.find(([, suite = ""]) => /^[a-z]+$/.test(suite));
  const mirror = main && { url: main[0]!.replace(/\/+$/, ""), suite: main[1]! };
  if (mirror && await answers(mirror) && await Deno.stat(keyring).catch(() => null) !== null) return mirror;
  console.log("tests skipped: this machine has no Debian mirror that answers, or no keyring for it");
  return null;
}

/** Starts a server in front of the mirror that counts what is asked, and may refuse; the caller disposes of it. */
export function startMirrorProxy({ url }: DebianMirror): RecordingServer {
  return new RecordingServer(async (request) => {
    const { pathname } = new URL(request.url);
    const headers = new Headers(request.headers);
    for (const name of ["host", "connection"]) headers.delete(name);
    const { method, signal } = request;
    return await fetch(url + pathname, { method, headers, signal });
  });
}

async function answers({ url, suite }: DebianMirror): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(10_000);
    const response = await fetch(`${url}/dists/${suite}/InRelease`, { method: "HEAD", signal });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
