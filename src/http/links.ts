/** One link of a `Link` header with its parameters, and one of these (RFC 8288 §3). */
const linkPattern = /<([^<>]*)>((?:\s*;\s*[\w*-]+\s*=\s*(?:"[^"]*"|[^\s",;]+))*)/g;
const parameterPattern = /;\s*([\w*-]+)\s*=\s*(?:"([^"]*)"|([^\s",;]+))/g;

/** The targets of the links to a next page in a `Link` header, as they are written there; empty without any. */
export function nextTargets(link: string | null | undefined): string[] {
  return [...(link ?? "").matchAll(linkPattern)].flatMap(([, target = "", parameters = ""]) =>
    relationsOf(parameters).includes("next") ? [target] : []
  );
}

function relationsOf(parameters: string): string[] {
  const all = [...parameters.matchAll(parameterPattern)];
  const [, , quoted, token = ""] = all.find(([, name]) => name?.toLowerCase() === "rel") ?? [];
  return (quoted ?? token).toLowerCase().split(/\s+/);
}
