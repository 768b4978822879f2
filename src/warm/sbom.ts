import { asJsonObject, type JsonObject, parseJsonObject } from "../http/json.ts";
import type { ListFile, ListForm, PackageUrl, WarmSource } from "../warming.ts";
import { shownCount } from "../observe/shown_count.ts";
import { parsePackageUrl } from "./package_url.ts";

/** The forms of software bills of materials: their package URLs are the lines. */
export function sbomForms(sources: readonly WarmSource[]): readonly ListForm[] {
  return [
    form("CycloneDX (JSON)", ({ bomFormat }) => bomFormat === "CycloneDX", componentsOf),
    form("SPDX (JSON)", (fields) => "spdxVersion" in fields || isSpdx3(fields), packagesOf),
  ];

  function form(
    name: string,
    isOne: (fields: JsonObject) => boolean,
    urlsOf: (fields: JsonObject) => string[],
  ): ListForm {
    return {
      name,
      isForm(file) {
        const fields = fieldsOf(file);
        return fields !== null && isOne(fields);
      },
      linesOf(file, { note }) {
        const urls = urlsOf(fieldsOf(file)!);
        const { served, left } = sortOut(urls, sources);
        for (const [type, count] of left) {
          note(`Left out: ${shownCount(count, "package")} of the type "${type}", which no backend serves`);
        }
        if (urls.length === 0) note("it has no package URLs");
        return served;
      },
    };
  }
}

/** The lines that URLs mean to the sources, and how many URLs there are of each type that none serves. */
function sortOut(texts: readonly string[], sources: readonly WarmSource[]) {
  const left = new Map<string, number>();
  const served = texts.flatMap((text) => {
    const url = parsePackageUrl(text);
    const line = url && lineOf(url, sources);
    if (line !== null) return [line];
    const type = url?.type ?? "unknown";
    left.set(type, (left.get(type) ?? 0) + 1);
    return [];
  });
  return { served, left };
}

function lineOf(url: PackageUrl, sources: readonly WarmSource[]): string | null {
  return sources.values().map((source) => source.lineOf?.(url) ?? null).find((line) => line !== null) ?? null;
}

function fieldsOf({ text }: ListFile): JsonObject | null {
  return /^\s*\{/.test(text) ? parseJsonObject(text) : null;
}

/** Components may have components (CycloneDX 1.6, "components"). */
function componentsOf({ metadata, components }: JsonObject): string[] {
  const urls: string[] = [];
  const waiting = [asJsonObject(metadata).component, ...listOf(components)].map(asJsonObject);
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (typeof next.purl === "string") urls.push(next.purl);
    waiting.push(...listOf(next.components).map(asJsonObject));
  }
  return urls.reverse();
}

/** SPDX 2 has them in `externalRefs` (2.3 §7.21), SPDX 3 in `software_packageUrl` and `externalIdentifier`. */
function packagesOf({ packages, "@graph": graph }: JsonObject): string[] {
  const ofPackages = listOf(packages).map(asJsonObject).flatMap(({ externalRefs }) =>
    listOf(externalRefs).map(asJsonObject).filter(({ referenceType }) => referenceType === "purl")
      .map(({ referenceLocator }) => referenceLocator)
  );
  const ofGraph = listOf(graph).map(asJsonObject).flatMap((element) => [
    element.software_packageUrl,
    ...listOf(element.externalIdentifier).map(asJsonObject)
      .filter(({ externalIdentifierType }) => externalIdentifierType === "packageUrl").map(({ identifier }) =>
        identifier
      ),
  ]);
  return [...ofPackages, ...ofGraph].filter((url) => typeof url === "string");
}

function isSpdx3({ "@context": context }: JsonObject): boolean {
  return typeof context === "string" && context.includes("spdx.org");
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
