import type { ClientSetup } from "./client_setup.ts";
import { buildkit, containerd, docker, k3s, podman, rke2 } from "./clients/containers.ts";
import { apt, aptSources } from "./clients/debian.ts";
import { bun, deno, npm, pnpm, yarn, yarnBerry } from "./clients/javascript.ts";
import { cargo, go, gradle, huggingface, maven } from "./clients/others.ts";
import { conda, pdm, pip, poetry, poetryOne, uv } from "./clients/python.ts";

/** All clients that can be set up, in the order of lists. */
export const clients: readonly ClientSetup[] = [
  ...[docker, containerd, podman, k3s, rke2, buildkit],
  ...[pip, uv, poetry, poetryOne, pdm, conda],
  ...[apt, aptSources],
  ...[npm, pnpm, yarn, yarnBerry, bun, deno],
  ...[huggingface, maven, gradle, go, cargo],
];

/** Other names of clients, by which people look for them. */
const aliases: Readonly<Record<string, string>> = {
  buildah: "podman",
  skopeo: "podman",
  pipx: "pip",
  "huggingface_hub": "huggingface",
  mvn: "maven",
};

/** All names that `findClient` knows. */
export const clientNames: readonly string[] = [...clients.map(({ name }) => name), ...Object.keys(aliases)];

/** Null for a client that nobody knows. */
export function findClient(name: string): ClientSetup | null {
  const known = Object.hasOwn(aliases, name) ? aliases[name] : name;
  return clients.find((client) => client.name === known) ?? null;
}
