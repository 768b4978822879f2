import { parseJsonObject } from "../../../http/json.ts";
import type { ShelfTarget } from "../../../shelf.ts";
import { everyForm } from "../accept.ts";
import type { Reference } from "./reference.ts";

/** The path of an image's repository at the vault, or why no backend serves it. */
export type Place = { readonly path: string } | { readonly refusal: string };

/**
 * Finds where the vault serves an image of which the source has the manifest `digest`: below the root, where docker
 * asks, or where that belongs to a backend of another type, below the prefix of a backend.
 */
export async function placeOf(
  { registry, repository }: Reference,
  digest: string,
  { backends, ask }: ShelfTarget,
): Promise<Place> {
  const below = `/v2/${registry}/${repository}`;
  const paths = ["", ...backends.map(({ prefix }) => prefix).filter((prefix) => !["/", "/v2"].includes(prefix))];
  let refusal = "";
  for (const prefix of backends.length === 0 ? [] : paths) {
    const path = prefix + below;
    const request = { path: `${path}/manifests/${digest}`, headers: { accept: everyForm.accept } };
    if ((await ask(request, "HEAD")).ok) return { path };
    const message = messageIn(await (await ask(request)).text());
    // Only the root is asked for all registries; what a backend says is about its own.
    if (refusal === "") refusal = message;
  }
  return { refusal: `${refusal || "no backend serves images"}. This would serve it:\n${configurationFor(registry)}` };
}

function messageIn(text: string): string {
  const { errors } = parseJsonObject(text) ?? {};
  const message = Array.isArray(errors) ? errors[0]?.message : undefined;
  return typeof message === "string" ? message : text.trim();
}

/** The lines of configuration by which images of a registry are served. */
function configurationFor(registry: string): string {
  const lines = registry === "docker.io" ? ["- type: dockerhub", "  name: docker"] : [
    "- type: oci",
    `  name: ${registry.replace(/[^A-Za-z0-9.-]/g, "-")}`,
    `  config: {registry_url: "https://${registry}"}`,
  ];
  return ["backends:", ...lines].map((line) => `  ${line}`).join("\n");
}
