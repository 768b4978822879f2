/** An error as the Hub sends it: a code in a header, by which its clients tell errors apart. */
export function hubError(status: number, code: string | null, message: string, commit?: string): Response {
  const headers = new Headers({ "content-type": "application/json; charset=utf-8", "x-error-message": message });
  if (code !== null) headers.set("x-error-code", code);
  if (commit !== undefined) headers.set("x-repo-commit", commit);
  return new Response(JSON.stringify({ error: message }), { status, headers });
}
