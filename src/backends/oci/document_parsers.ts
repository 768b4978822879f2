import type { Parser } from "../../document.ts";
import { VaultError } from "../../errors.ts";
import { TaskLane } from "../shared/tasks/lane.ts";
import type { DocumentForm } from "./document_forms.ts";
import { linkBytes, type Links } from "./linked_content.ts";
import { maxDocumentBytes, tasks } from "./tasks.ts";

/** So much JSON is parsed in some ten milliseconds. */
const smallBytes = 1024 * 1024;

/** The parsers for documents of registries. */
export interface DocumentParsers {
  /** Throws `upstream_failed` for a body of another form. */
  check(form: DocumentForm): Parser<null>;
  /** Parses the links of a manifest or an index; any other document has none. */
  readonly links: Parser<Links>;
}

/** Documents are parsed unchanged: a manifest is not packed. */
const coding = "identity";

/** Creates the parsers of one backend, which parses one large document at a time. */
export function createDocumentParsers(): DocumentParsers {
  const lane = new TaskLane(tasks, { smallBytes });
  return {
    check: (form) => ({
      name: `check of ${form}`,
      maxBytes: maxDocumentBytes,
      async parse(body) {
        if (await lane.run({ name: "check", bodies: [body], options: { form }, coding })) return null;
        throw new VaultError("upstream_failed", `Cannot use "${body.url}": upstream sent something else than ${form}`);
      },
      sizeOf: () => 0,
    }),
    links: {
      name: "links of a manifest",
      maxBytes: maxDocumentBytes,
      parse: (body) => lane.run({ name: "readLinks", bodies: [body], options: null, coding }),
      sizeOf: ({ manifests, blobs }) => (manifests.length + blobs.length) * linkBytes,
    },
  };
}
