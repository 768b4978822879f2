import { asJsonObject, type JsonObject } from "../../../http/json.ts";
import type { SourceTree } from "../../../shelf.ts";
import { readJsonObject } from "../../shared/shelves/read_small.ts";
import { readDigest } from "../request.ts";
import type { FoundImage, ImageSource } from "./image_source.ts";

/** Annotations that tell an image's name, the fullest first. */
const nameAnnotations = ["io.containerd.image.name", "org.opencontainers.image.ref.name"];

/** Folders in which tools have the layout in their archives, besides the root. */
const folders = ["", "images"];

/** Opens an OCI image layout (image-spec, "image-layout.md"), also one below `images/`, as Zarf has it; else null. */
export async function openLayout(tree: SourceTree): Promise<ImageSource | null> {
  for (const folder of folders) {
    const within = (path: string) => folder === "" ? path : `${folder}/${path}`;
    const version = await readJsonObject(tree, within("oci-layout"));
    const index = version && await readJsonObject(tree, within("index.json"));
    if (index === null) continue;
    return {
      description: "an OCI image layout",
      images: () => imagesOf(index),
      find(digest) {
        const parsed = readDigest(digest);
        return parsed === null ? Promise.resolve(null) : tree.find(within(`blobs/${parsed.algorithm}/${parsed.hex}`));
      },
    };
  }
  return null;
}

async function* imagesOf({ manifests }: JsonObject): AsyncGenerator<FoundImage> {
  for (const descriptor of Array.isArray(manifests) ? manifests : []) {
    const { digest, annotations } = asJsonObject(descriptor);
    if (typeof digest !== "string" || readDigest(digest) === null) continue;
    yield { name: nameIn(asJsonObject(annotations)), digest };
  }
}

/**
 * `ref.name` may be a whole reference or the tag alone (image-spec, "annotations.md"): one without a slash and a colon
 * counts as a tag, which does not say of what.
 */
function nameIn(annotations: JsonObject): string | null {
  const names = nameAnnotations.map((key) => annotations[key]).filter((name) => typeof name === "string");
  return names.find((name) => /[/:]/.test(name)) ?? names[0] ?? null;
}
