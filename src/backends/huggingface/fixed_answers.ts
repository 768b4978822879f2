import type { BackendRequest, DirectAnswer, Resolved } from "../../backend.ts";
import { commitHeader, errorAnswer } from "./error_body.ts";
import type { CommittedFile } from "./file_headers.ts";
import { targetOf } from "./files.ts";

const lfsType = "application/vnd.git-lfs+json";

export function answered(answer: DirectAnswer): Resolved {
  return { kind: "answer", answer };
}

/** What clients report of their downloads is for nobody here. */
export const thanks: DirectAnswer = { status: 200, contentType: "application/json", headers: [], body: "{}" };

/** Relative, since clients follow no other redirect of a HEAD; older ones lose the query, which means nothing here. */
export function toCommit(file: CommittedFile, { base, query }: BackendRequest): DirectAnswer {
  const location = base + targetOf(file) + query;
  return {
    status: 307,
    contentType: "text/plain; charset=utf-8",
    headers: [["location", location], commitHeader(file.commit)],
    body: `The branch is at ${location}\n`,
  };
}

export function noWriting(method: string): DirectAnswer {
  const message = `${method} is not possible here: the vault only reads. Write to the Hub itself, without HF_ENDPOINT`;
  return errorAnswer(405, null, message, [["allow", "GET, HEAD"]]);
}

export function noGit(path: string): DirectAnswer {
  const message = "The vault does not serve git. Download with: hf download OWNER/NAME, or with curl from " +
    "OWNER/NAME/resolve/main/FILE";
  if (path.includes("/info/lfs")) return { ...errorAnswer(403, null, message), contentType: lfsType };
  return { status: 403, contentType: "text/plain; charset=utf-8", headers: [], body: `${message}\n` };
}

export const noAccount: DirectAnswer = errorAnswer(
  401,
  null,
  "This is about an account, and the vault has clients of many; ask the Hub itself, without HF_ENDPOINT",
);
