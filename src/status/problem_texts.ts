import type { ErrorCode } from "../errors.ts";
import type { NoticedEvent } from "../observe/metrics.ts";

/** A code by which problems are grouped; `interrupted` is an answer that was not sent to its end. */
export type ProblemCode = ErrorCode | NoticedEvent | "interrupted";

interface Explanation {
  readonly title: string;
  readonly advice: string;
}

/** What goes wrong, and what to do about it. What is a client's own doing is not here. */
export const explanations: Readonly<Partial<Record<ProblemCode, Explanation>>> = {
  upstream_failed: {
    title: "An upstream gave no usable answer",
    advice: "The message says which host and why. Where no host can be reached, set proxy; where its certificate is " +
      "not trusted, set ca. docs/troubleshooting.md has more",
  },
  upstream_silent: {
    title: "An upstream did not answer in time",
    advice:
      "Try the URL of the message with curl from this machine. If it is only slow, raise the timeout of the backend",
  },
  upstream_down: {
    title: "An upstream is down, and is not asked for a moment",
    advice: "Nothing has to be done here: it is asked again every few seconds. What is cached is served meanwhile",
  },
  upstream_changed: {
    title: "A file changed at its upstream in the middle of a download",
    advice:
      "Clients that try again get the new version. Where it happens again and again, upstream has mirrors that differ",
  },
  digest_mismatch: {
    title: "A body was not what its digest says",
    advice:
      "Nothing of it was stored or served as whole. Clients that try again have it fetched anew; where that goes " +
      "on, the upstream, or what is between it and the vault, changes files",
  },
  rate_limited: {
    title: "An upstream allows no more requests for now",
    advice: "Log in to it (username and password, or token, of the backend), which mostly raises the limit; or raise " +
      "the ttl of the backend, so that it is asked less often",
  },
  denied: {
    title: "An upstream refused access, or a client asked for what is not served",
    advice: "Check the credentials of the backend, and whether they may read what the message names",
  },
  loop_detected: {
    title: "An upstream leads back to this vault",
    advice: "The base_url of the backend has to be the original server, not a name that leads to the vault itself",
  },
  unknown_route: {
    title: "Clients ask for paths that no backend serves",
    advice: "Compare the path with the prefixes at /: the client is set up with another one, or the backend is missing",
  },
  offline: {
    title: "Clients asked for what is not cached, and the vault is offline",
    advice: "artifact-vault cache misses lists it, ready for artifact-vault warm or export where there is a connection",
  },
  overloaded: {
    title: "Too many requests at once",
    advice: "Raise max_requests, and the number of files that the process may have open",
  },
  storage_failed: {
    title: "A file of the cache could not be read or written",
    advice: "The message says why: check the disk and the rights of this user on the cache directory",
  },
  cache_full: {
    title: "The limits of the cache leave no room",
    advice: "Raise cache_max_size or free disk space, or remove pins: pinned bodies do not make room for others",
  },
  permission_missing: {
    title: "The program lacks a permission",
    advice: "artifact-vault permissions prints those that this configuration needs",
  },
  internal: {
    title: "A fault of the vault itself",
    advice: "The log has a stack trace under the id of the request. Please report it",
  },
  interrupted: {
    title: "Answers were interrupted after they had begun",
    advice: "The message says why. Clients saw that their download was incomplete, and can resume it",
  },
  wrong_digest: {
    title: "A body was not what was expected of it",
    advice: "It was not stored. Where it goes on, the upstream, or what is between it and the vault, changes files",
  },
  damaged_body: {
    title: "A stored body was damaged, and is fetched again when a client asks for it",
    advice: "Check the disk. artifact-vault cache verify reads everything, and --repair fetches what is damaged again",
  },
  not_stored: {
    title: "A body could not be stored",
    advice: "Clients got it all the same. Check the disk, cache_max_size and the rights on the cache directory",
  },
};
