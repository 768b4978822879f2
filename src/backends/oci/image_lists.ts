import { type Document, parseAllDocuments } from "yaml";
import { VaultError } from "../../errors.ts";
import { isJsonObject } from "../../http/json.ts";
import type { ListFile, ListForm } from "../../warming.ts";
import { parseImageReference } from "./image_reference.ts";

/** Manifests of Kubernetes, the output of Helm, compose files: every `image:` in YAML or JSON names one. */
export const imageLists: ListForm = {
  name: "Kubernetes manifests, Helm output and compose files (YAML with image:)",
  isForm: ({ text }) => /(?:^|[{,])\s*(?:-\s+)?["']?image["']?\s*:/m.test(text),
  linesOf(file, { note }) {
    const documents = parseYaml(file).map((document) => document.toJS({ maxAliasCount: 1000 }));
    const found = documents.flatMap(imagesIn);
    const built = new Set(documents.flatMap(builtIn));
    const lines = found.flatMap((text) => {
      if (built.has(text)) return [];
      const image = withDefaults(text);
      if (parseImageReference(image) !== null) return [`docker:${image}`];
      note(`"${text}" is no image that could be fetched, and is left out`);
      return [];
    });
    for (const text of built) {
      note(
        `"${text}" is built by its service ("build:"), and is left out; where a registry has it, list docker:${text}`,
      );
    }
    if (lines.length === 0) note("it names no image");
    return lines;
  },
};

function parseYaml({ path, text }: ListFile): Document.Parsed[] {
  const documents = parseAllDocuments(text, { uniqueKeys: false, logLevel: "error" });
  const parsed = "empty" in documents ? [] : documents as Document.Parsed[];
  const [error] = parsed.flatMap(({ errors }) => errors);
  if (error === undefined) return parsed;
  const [problem] = error.message.split("\n", 1);
  throw new VaultError("config_invalid", `Cannot parse "${path}" as YAML: ${problem}`, { cause: error });
}

/** All images in a value, in their order. Values of Helm charts name them by `repository` and `tag`. */
function imagesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(imagesIn);
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key !== "image") return imagesIn(inner);
    if (typeof inner === "string") return [inner];
    return isJsonObject(inner) ? imageOf(inner) : [];
  });
}

/** The images that services of compose files build: `image:` is then the name of what comes out. */
function builtIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(builtIn);
  if (!isJsonObject(value)) return [];
  const { build, image } = value;
  const own = typeof image === "string" && (typeof build === "string" || isJsonObject(build)) ? [image] : [];
  return [...own, ...Object.values(value).flatMap(builtIn)];
}

function imageOf({ registry, repository, tag, digest, reference }: Readonly<Record<string, unknown>>): string[] {
  // An image as a volume of Kubernetes.
  if (typeof reference === "string") return [reference];
  if (typeof repository !== "string" || repository === "") return [];
  const host = typeof registry === "string" && registry !== "" ? `${registry}/` : "";
  const version = digest ? `@${digest}` : tag ? `:${tag}` : "";
  return [host + repository + version];
}

/** Compose files may have `${TAG:-3.20}` in them: the default counts. */
function withDefaults(text: string): string {
  return text.trim().replace(/\$\{\w+:?-([^}]*)\}/g, "$1");
}
