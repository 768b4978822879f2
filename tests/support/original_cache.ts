import { gunzipSync } from "node:zlib";
import { dirname } from "node:path";

/** Where the original tool looks for links that lead to PyPI's own host. */
const pypiFiles = "files.pythonhosted.org/packages/";

/**
 * A cache directory as the original Artifact Vault, in Python, writes it: what it does with bodies and names is done
 * step by step as there (`cache.py`, `backend_*.py`).
 */
export class OriginalCache {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
    Deno.mkdirSync(path, { recursive: true });
  }

  /** `Cache.add`: `xattr` is the newer form of its notes, `content-type` the older one. */
  add(
    prefix: string,
    name: string,
    content: Uint8Array | string,
    { contentType = null, notes = "xattr" }: { contentType?: string | null; notes?: "xattr" | "content-type" } = {},
  ): void {
    const body = `${this.path}/${strip(prefix)}/${strip(name)}.binary`;
    Deno.mkdirSync(dirname(body), { recursive: true });
    Deno.writeFileSync(body, bytesOf(content));
    const beside = body.replaceAll(".binary", `.${notes}`);
    Deno.mkdirSync(dirname(beside), { recursive: true });
    Deno.writeTextFileSync(
      beside,
      notes === "xattr" ? JSON.stringify({ content_type: contentType }) : contentType ?? "",
    );
  }

  /** `Cache.set`, as it was first: no name is changed, and the type is noted where one is given. */
  set(prefix: string, name: string, content: Uint8Array | string, contentType?: string): void {
    const body = `${this.path}/${strip(prefix)}/${name}.binary`;
    Deno.mkdirSync(dirname(body), { recursive: true });
    if (contentType !== undefined) Deno.writeTextFileSync(body.replaceAll(".binary", ".content_type"), contentType);
    Deno.writeFileSync(body, bytesOf(content));
  }

  /** `APTBackend._fetch_metadata_file`: what ends in `.gz` is stored unpacked, where that succeeds. */
  addAptMetadata(prefix: string, name: string, content: Uint8Array): void {
    this.add(prefix, name, name.endsWith(".gz") ? gunzipSync(content) : content);
  }

  /** `PyPIBackend._rewrite_package_links`: links to the files lead to its own prefix. */
  addProjectPage(prefix: string, project: string, html: string, packagesUrl: string): void {
    let page = html;
    for (const [, link = ""] of html.matchAll(/<a [^>]*?href="([^"]*)"/g)) {
      const below = link.includes(pypiFiles)
        ? link.split("/packages/").slice(1).join("/packages/")
        : link.includes(packagesUrl)
        ? link.replace(`${packagesUrl}/`, "")
        : null;
      if (below !== null) page = page.replaceAll(link, `${prefix.replace(/\/+$/, "")}/packages/${below}`);
    }
    this.add(prefix, `simple/${project}/`, page, { contentType: "text/html" });
  }
}

function strip(path: string): string {
  return path.replace(/^\/+|\/+$/g, "");
}

function bytesOf(content: Uint8Array | string): Uint8Array {
  return typeof content === "string" ? new TextEncoder().encode(content) : content;
}
