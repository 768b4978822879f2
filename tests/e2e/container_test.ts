import assert from "node:assert/strict";
import { dirname } from "node:path";
import { freePort } from "../support/free_port.ts";
import { missingPrograms } from "../support/programs.ts";
import { createTempDir } from "../support/temp_dir.ts";
import { oldRuntimeAllowed, projectRoot, vaultExecutable } from "../support/vault_process.ts";
import { waitUntil } from "../support/wait_until.ts";

const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;
const ignore = vaultExecutable === null || !isRoot ||
  missingPrograms("buildah", "podman", "runc", "ldd", "systemd-analyze").length > 0;

Deno.test(
  {
    name:
      "the image of docs/deploy/Dockerfile serves as nobody, on a read-only root and under the unit's filter, and is healthy",
    ignore,
  },
  async () => {
    await using dir = await createTempDir("vault-image-");
    const store = ["--root", dir.join("store"), "--runroot", dir.join("run"), "--storage-driver", "vfs"];
    const policy = dir.join("policy.json");
    await Deno.writeTextFile(policy, '{"default":[{"type":"insecureAcceptAnything"}]}');
    const signed = ["--signature-policy", policy];
    const podman = (...args: string[]) => run(["podman", ...store, "--runtime", "runc", ...args]);

    // A base like distroless/cc: the libraries, and no shell.
    const [base, context] = [dir.join("base"), dir.join("context")];
    const libraries = (await run(["ldd", vaultExecutable!])).text.match(/(?<=\s)\/\S+/g) ?? [];
    for (const library of libraries) await place(library, base + library);
    const container = (await run(["buildah", ...store, "from", "scratch"])).text.trim();
    assert.equal((await run(["buildah", ...store, "copy", container, base, "/"])).code, 0);
    assert.equal((await run(["buildah", ...store, "commit", ...signed, container, "localhost/base"])).code, 0);
    for (const arch of ["x86_64", "aarch64"]) {
      await place(vaultExecutable!, `${context}/dist/release/artifact-vault-${arch}-unknown-linux-gnu`);
    }
    const arch = Deno.build.arch === "x86_64" ? "amd64" : "arm64";
    const built = await run([
      ...["buildah", ...store, "build", ...signed, "--isolation", "chroot", "--format", "docker"],
      ...["--build-arg", "BASE=localhost/base", "--build-arg", `TARGETARCH=${arch}`],
      ...["--file", `${projectRoot}/docs/deploy/Dockerfile`, "--tag", "localhost/vault", context],
    ]);
    assert.equal(built.code, 0, built.text);

    const seccomp = dir.join("seccomp.json");
    await Deno.writeTextFile(seccomp, JSON.stringify(await seccompOfUnit()));
    for (const filter of [[], ["--security-opt", `seccomp=${seccomp}`]]) {
      const port = String(freePort());
      const name = `vault-${crypto.randomUUID().slice(0, 8)}`;
      const limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"];
      const confined = ["--read-only", "--cap-drop", "all", "--security-opt", "no-new-privileges", ...filter];
      const cache = ["--cache-dir", "/var/cache/artifact-vault"];
      const started = await podman(
        ...["run", "--detach", "--name", name, ...signed, ...limits, ...confined, "--network", "host"],
        ...["localhost/vault", "serve", oldRuntimeAllowed, "--host", "127.0.0.1", "--port", port, ...cache],
      );
      try {
        assert.equal(started.code, 0, started.text);
        const ask = () => fetch(`http://127.0.0.1:${port}/-/readyz`).then((answer) => answer.text(), () => "");
        await waitUntil(`it is ready ${filter}`, async () => await ask() === "ready\n", 30_000);
        const health = await podman("healthcheck", "run", name);
        assert.equal(health.code, 0, health.text);
        assert.match((await podman("top", name, "huser", "args")).text, /65532.*serve/);
        assert.equal((await podman("exec", name, "/usr/local/bin/artifact-vault", "reload", ...cache)).code, 0);
      } finally {
        await podman("stop", "--time", "10", name);
        await podman("rm", "--force", "--volumes", name);
      }
    }
  },
);

/** The filter of system calls in the systemd unit, as runtimes of containers take it. */
async function seccompOfUnit(): Promise<unknown> {
  const unit = await Deno.readTextFile(`${projectRoot}/docs/deploy/artifact-vault.service`);
  const filter = /^SystemCallFilter=(.*)$/m.exec(unit)![1]!.split(" ");
  const groups = new Set(filter);
  const names = new Set<string>();
  for (const group of groups) {
    const { text } = await run(["systemd-analyze", "syscall-filter", group]);
    const members = text.split("\n").slice(1).map((line) => line.trim()).filter((line) => /^@?\w/.test(line));
    for (const member of members) (member.startsWith("@") ? groups : names).add(member);
  }
  const refuses = /^SystemCallErrorNumber=EPERM$/m.test(unit);
  return {
    defaultAction: refuses ? "SCMP_ACT_ERRNO" : "SCMP_ACT_KILL_PROCESS",
    ...refuses && { defaultErrnoRet: 1 },
    architectures: [Deno.build.arch === "x86_64" ? "SCMP_ARCH_X86_64" : "SCMP_ARCH_AARCH64"],
    syscalls: [{ names: [...names], action: "SCMP_ACT_ALLOW" }],
  };
}

async function place(from: string, to: string): Promise<void> {
  await Deno.mkdir(dirname(to), { recursive: true });
  await Deno.copyFile(from, to);
}

async function run([program = "", ...args]: readonly string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(program, { args, stdin: "null" }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}
