const indexFile = /^(?:InRelease|Release(?:\.gpg)?|(?:Packages|Sources)(?:\.\w+)?)$/;

/** Returns the backend that a URL as apt asks for would need; null for any other URL. */
export function adviceFor({ origin, pathname }: URL): string | null {
  const [, base] = /^(.*?)\/(?:dists|pool)\/[^/]/.exec(pathname) ?? [];
  const folder = pathname.slice(0, pathname.lastIndexOf("/"));
  const file = pathname.slice(folder.length + 1);
  if (base === undefined && !indexFile.test(file) && !/\.u?deb$/.test(file)) return null;
  return `one of type apt with "mirror_url: ${origin}${base ?? folder}"`;
}
