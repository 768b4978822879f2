/** A path as an index has it, without what does not count: leading slashes and `./`, and empty and `.` segments. */
export function relativePath(path: string): string {
  if (!/^\.?\/|\/\.?\//.test(path)) return path;
  return path.split("/").filter((segment) => segment !== "" && segment !== ".").join("/");
}
