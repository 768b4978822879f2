const processPart = crypto.randomUUID().slice(0, 8);
let count = 0;

/** The client's own request id, if it can be repeated in headers and logs; otherwise a new one. */
export function requestId(offered: string | null): string {
  if (offered !== null && /^[\w.:-]{1,128}$/.test(offered)) return offered;
  return `${processPart}-${(++count).toString(36)}`;
}
