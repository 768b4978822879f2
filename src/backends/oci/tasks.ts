import type { TaskDocument } from "../shared/tasks/document.ts";
import type { TaskModule } from "../shared/tasks/task.ts";
import { type DocumentForm, isOfForm } from "./document_forms.ts";
import { type Links, linksOf } from "./linked_content.ts";

/** Registries take manifests of 4 MiB (distribution-spec, "Pushing Manifests"), some of more. */
export const maxDocumentBytes = 16 * 1024 * 1024;

/** The tasks on documents of registries, which run on a thread where these are large. */
export const tasks = {
  url: import.meta.url,
  maxBytes: maxDocumentBytes,
  tasks: { check, readLinks },
} satisfies TaskModule;

async function check([document]: readonly TaskDocument[], { form }: { form: DocumentForm }): Promise<boolean> {
  return isOfForm(await document!.bytes(), form);
}

async function readLinks([document]: readonly TaskDocument[], _options: null): Promise<Links> {
  return linksOf(await document!.bytes());
}
