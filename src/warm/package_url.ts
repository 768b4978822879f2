import type { PackageUrl } from "../warming.ts";

/** Parses a package URL, `pkg:type/namespace/name@version?qualifiers#subpath` (purl-spec); null for anything else. */
export function parsePackageUrl(text: string): PackageUrl | null {
  const [, rest] = /^pkg:\/*(.+)$/i.exec(text.trim()) ?? [];
  if (rest === undefined) return null;
  const [beforeSubpath = ""] = rest.split("#", 1);
  const mark = beforeSubpath.indexOf("?");
  const path = mark < 0 ? beforeSubpath : beforeSubpath.slice(0, mark);
  // A scope of npm may be written with a bare @ at its beginning.
  const at = path.lastIndexOf("@") > path.lastIndexOf("/") + 1 ? path.lastIndexOf("@") : path.length;
  const [type = "", ...names] = path.slice(0, at).split("/").filter((segment) => segment !== "").map(decoded);
  const name = names.pop();
  if (name === undefined || !/^[a-z][a-z0-9.+-]*$/i.test(type)) return null;
  return {
    type: type.toLowerCase(),
    namespace: names.join("/"),
    name,
    version: decoded(path.slice(at + 1)),
    qualifiers: new Map(mark < 0 ? [] : beforeSubpath.slice(mark + 1).split("&").map(qualifierOf)),
  };
}

function qualifierOf(text: string): [string, string] {
  const equals = text.indexOf("=");
  return equals < 0 ? [text.toLowerCase(), ""] : [text.slice(0, equals).toLowerCase(), decoded(text.slice(equals + 1))];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
