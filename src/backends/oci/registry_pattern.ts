import { Misfit, value } from "../../config/kinds.ts";

/** Labels of a host name, each of which may be a star but for the last, which is no number, as in an address. */
const hosts = /^(?:(?:\*|[a-z0-9_-]+)\.)+(?=[a-z0-9-]*[a-z])[a-z0-9-]+(?::\d{1,5})?$/;

/** One of a few words, or a pattern of registries' hosts: `quay.io`, `*.gcr.io`, in lower case. */
export function registryPattern(...words: readonly string[]) {
  return value<string>({
    type: `${words.join(", ")} or host`,
    a: "a known word or the host of a registry",
    hint: `write ${words.join(", ")}, quay.io or *.gcr.io, where a star is one whole label`,
    read(input) {
      const text = typeof input === "string" ? input.toLowerCase() : "";
      return words.includes(text) || hosts.test(text) ? text : new Misfit();
    },
  });
}
