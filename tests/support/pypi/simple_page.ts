import type { PackageFile } from "./python_package.ts";

export type PageFormat = "html" | "json";

/** What an index says about a file, besides what the file itself does. */
export interface ListedFile {
  readonly file: PackageFile;
  readonly url: string;
  /** Why, or just that it is (PEP 592). */
  readonly yanked?: string | true;
  /** PEP 700; only JSON can say it. */
  readonly uploadTime?: string;
  /** Whether its metadata is to be had beside it (PEP 658). */
  readonly sidecar: boolean;
  /** Instead of its real hash. */
  readonly sha256?: string;
  /** More keys in JSON, and attributes in HTML with `data-` before them. */
  readonly more?: Readonly<Record<string, string>>;
  readonly metadataSha256: string | null;
}

export const simpleTypes: Readonly<Record<PageFormat, string>> = {
  html: "text/html",
  json: "application/vnd.pypi.simple.v1+json",
};

/** A project's page as an index of its own would write it (PEP 503 and 691). */
export function formatPage(form: PageFormat, project: string, files: readonly ListedFile[]): string {
  if (form === "html") return htmlDocument(`Links for ${project}`, files.map(anchorOf));
  return JSON.stringify({
    meta: { "api-version": "1.1" },
    name: project,
    versions: [...new Set(files.map(({ file }) => file.version))],
    files: files.map(entryOf),
  });
}

/** The list of all projects. */
export function formatProjects(form: PageFormat, projects: readonly string[]): string {
  if (form === "html") return htmlDocument("Simple index", projects.map((name) => `<a href="${name}/">${name}</a>`));
  return JSON.stringify({ meta: { "api-version": "1.1" }, projects: projects.map((name) => ({ name })) });
}

/** As most servers do: what the client wants most, by its weights, of what there is. */
export function chooseForm(accept: string | null, forms: readonly PageFormat[]): PageFormat {
  const weights = new Map(
    (accept ?? "").split(",").map((range) => {
      const [type = "", weight] = range.split(";").map((part) => part.trim());
      return [type, Number(weight?.replace(/^q=/, "") ?? 1)];
    }),
  );
  const weightOf = (form: PageFormat) => weights.get(simpleTypes[form]) ?? 0;
  const [first = "html"] = forms.toSorted((a, b) => weightOf(b) - weightOf(a));
  return first;
}

function htmlDocument(title: string, anchors: readonly string[]): string {
  const meta = '<meta name="pypi:repository-version" content="1.1">';
  const lines = anchors.map((anchor) => `    ${anchor}<br>\n`).join("");
  return `<!DOCTYPE html>\n<html>\n  <head>${meta}<title>${title}</title></head>\n  <body>\n${lines}  </body>\n</html>\n`;
}

function anchorOf({ file, url, yanked, metadataSha256, ...listed }: ListedFile): string {
  const metadata = listed.sidecar ? `sha256=${metadataSha256}` : undefined;
  const attributes = {
    "data-requires-python": file.requiresPython ?? undefined,
    "data-dist-info-metadata": metadata,
    "data-core-metadata": metadata,
    "data-yanked": yanked === true ? "" : yanked,
    ...Object.fromEntries(Object.entries(listed.more ?? {}).map(([key, value]) => [`data-${key}`, value])),
  };
  const written = Object.entries(attributes).filter(([, value]) => value !== undefined).map(([name, value]) =>
    ` ${name}="${escapeHtml(value!)}"`
  );
  return `<a href="${escapeHtml(url)}#sha256=${listed.sha256 ?? file.sha256}"${written.join("")}>${file.filename}</a>`;
}

function entryOf({ file, url, yanked, uploadTime, metadataSha256, ...listed }: ListedFile): unknown {
  return {
    filename: file.filename,
    url,
    hashes: { sha256: listed.sha256 ?? file.sha256 },
    size: file.bytes.byteLength,
    ...uploadTime !== undefined && { "upload-time": uploadTime },
    ...file.requiresPython !== null && { "requires-python": file.requiresPython },
    "core-metadata": listed.sidecar ? { sha256: metadataSha256 } : false,
    yanked: yanked ?? false,
    ...listed.more,
  };
}

function escapeHtml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
