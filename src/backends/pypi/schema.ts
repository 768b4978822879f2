import { z } from "zod";
import { anyNumberOf, authorities, duration, flag, glob, integer, oneOrMore } from "../../config/value_types.ts";
import { backendKeys, backendSchema } from "../../config/backend_keys.ts";
import { clientCertificate } from "../../config/certificate_keys.ts";
import { checkCredentials, credentialKeys } from "../../config/credential_keys.ts";
import { partition } from "../../config/partition.ts";
import type { Configured } from "../../config/schema.ts";
import { upstreamUrl } from "../../config/urls.ts";

const pypi = { host: "pypi.org", index_url: "https://pypi.org/simple", packages_url: "https://files.pythonhosted.org" };

/** A glob of project names, in the one spelling that names have in an index (PEP 503). */
const projectPattern = glob(/^(?:\[[!^]?|[\w.*?\]{},-])+$/, {
  a: "a pattern for names of projects",
  hint: 'write for example "mycompany-*", without a version',
  normalised: (text) => text.replace(/[-_.]+/g, "-").toLowerCase(),
});

/** The keys of one index, besides its URL and its certificates. */
const indexKeys = {
  packages_url: upstreamUrl().optional().describe(
    `Where the files are that clients ask for below /packages; also below /packages there, if it has no path. Without it ${pypi.packages_url} for ${pypi.host}, and none for others.`,
  ),
  find_links: flag().optional().describe(
    "Whether index_url is one page that lists the files of all projects, as for pip's --find-links. Without it, a URL that ends in .html is one.",
  ),
  ...credentialKeys,
  only: oneOrMore(projectPattern).optional().describe(
    "Projects that are looked for in it, such as mycompany-*; without it all of them. Other indexes may have them, too.",
  ),
  never: oneOrMore(projectPattern).optional().describe("Projects that are not, also if only names them."),
  not_found_statuses: anyNumberOf(integer(400, 499)).optional().describe(
    "Further statuses by which it says that it does not have a project, besides 404 and 410: 403 for download.pytorch.org. Not for an index that answers so to whom it refuses.",
  ),
};

const indexKeyNames = Object.keys(indexKeys) as (keyof typeof indexKeys)[];

const index = z.strictObject({
  index_url: upstreamUrl().describe("URL of the index, before the names of projects; most end in /simple."),
  ...indexKeys,
  ca: authorities().optional().describe("PEM file, or list of files, of certificate authorities to trust for it, too."),
  client_certificate: clientCertificate.optional().describe(
    "The vault's own certificate for it; the backend's without it.",
  ),
}).superRefine(checkCredentials, { when: () => true });

const pypiKeys = {
  index_url: upstreamUrl().optional().describe(
    `URL of the index, before the names of projects; most end in /simple. Without it ${pypi.index_url}.`,
  ),
  ...indexKeys,
  indexes: z.array(index).min(1).optional().describe(
    "Several indexes instead, asked in order: a project comes from the first that has it. The keys above then stand in each entry.",
  ),
  ttl: duration({ forever: true }).prefault("10m").describe(
    "How long the page of a project counts as fresh; then the index is asked whether it has changed.",
  ),
  min_age: duration({ positive: true }).optional().describe(
    "How long after its upload a file appears on the pages, by what the index or else its Last-Modified says; without it at once.",
  ),
};

/** Indexes of Python packages; PyPI itself where no other is named. */
export const schema = backendSchema(
  ["pypi"],
  z.strictObject({ ...backendKeys, ...pypiKeys }).superRefine(checkIndexes, { when: () => true }).prefault({}),
).transform(({ type, name, config }) => {
  const { index_url = pypi.index_url, indexes, ...keys } = config;
  const [single, common] = partition(keys, indexKeyNames);
  const all = indexes ?? [{ index_url, ...single }];
  return { type, name, config: { ...common, indexes: all.map(withPackages) } };
});

/** A backend of this type in a checked configuration. */
export type PypiConfig = Configured<typeof schema>;

/** One index of a checked configuration. */
export type IndexConfig = z.output<typeof index>;

function withPackages(index: IndexConfig): IndexConfig {
  const { index_url, packages_url } = index;
  const isPypi = new URL(index_url).host === pypi.host;
  return isPypi && packages_url === undefined ? { ...index, packages_url: pypi.packages_url } : index;
}

/** Takes values that failed to parse as well, so that all problems are reported at once. */
function checkIndexes(config: Readonly<Record<string, unknown>>, context: z.core.$RefinementCtx): void {
  if (typeof config !== "object" || config === null) return;
  const wrong = (message: string, ...path: (string | number)[]) => context.addIssue({ code: "custom", path, message });
  const { index_url, indexes } = config;
  if (indexes === undefined) return checkCredentials(config, context);
  if (index_url !== undefined) return wrong("index_url and indexes exclude each other; keep one", "index_url");
  for (const key of indexKeyNames.filter((key) => config[key] !== undefined)) {
    wrong("belongs to one index; write it in that entry of indexes", key);
  }
  const urls = Array.isArray(indexes) ? indexes.map((index) => index?.index_url) : [];
  for (const [at, url] of urls.entries()) {
    const first = urls.indexOf(url);
    if (typeof url !== "string" || first === at) continue;
    wrong(`"${url}" is already the URL of indexes[${first}]; keep one`, "indexes", at, "index_url");
  }
}
