/** Old packages have names with upper case and some signs; no name begins with a dot, or is longer than this. */
const part = /^(?![._])[\w.~!'()*-]+$/;
const maxLength = 214;

/** True for the name of a package, with its scope where it has one: `left-pad`, `@acme/tool`. */
export function isPackageName(name: string): boolean {
  const [first = "", second, ...rest] = name.split("/");
  if (name.length > maxLength || rest.length > 0) return false;
  if (second === undefined) return part.test(first);
  return first.startsWith("@") && part.test(first.slice(1)) && part.test(second);
}

/** The scope of a package with its `@`; null for a package that has none. */
export function scopeOf(name: string): string | null {
  return name.startsWith("@") ? name.slice(0, name.indexOf("/")) : null;
}

/** The name without its scope. */
export function basenameOf(name: string): string {
  return name.slice(name.indexOf("/") + 1);
}

/** The name as clients write it in a path: the slash of a scope is escaped. */
export function escapedName(name: string): string {
  return name.replace("/", "%2f");
}

/** The name that every version's tarball has at this vault, and at most registries. */
export function tarballName(name: string, version: string): string {
  return `${basenameOf(name)}-${version}.tgz`;
}

/** The version of a tarball of this name; null for a file of another name. */
export function versionOf(name: string, file: string): string | null {
  const beginning = `${basenameOf(name)}-`;
  const isNamed = file.startsWith(beginning) && file.endsWith(".tgz");
  return isNamed ? file.slice(beginning.length, -".tgz".length) : null;
}

/** The file name of a tarball, by its URL where that has one of its own, else by its version. */
export function fileNameOf(url: string, { name, version }: { name: string; version: string }): string {
  const [, file] = /\/-\/(?:@[^/]+\/)?([^/?#]+\.tgz)$/.exec(URL.parse(url)?.pathname ?? "") ?? [];
  return file !== undefined && isFileName(file) ? file : tarballName(name, version);
}

/** True for the name of a tarball that can stand in a path as it is. */
export function isFileName(file: string): boolean {
  return /^(?![.])[\w.~!'()*+-]+\.tgz$/.test(file);
}
