import type { BundleHead } from "../../bundle/read_bundle.ts";

/** Says for people who vouches for a bundle, with a line end. */
export function describeSigned({ signed }: BundleHead): string {
  switch (signed.kind) {
    case "verified":
      return `Signed with the trusted key ${signed.key}\n`;
    case "unverified":
      return `Warning: nobody has verified this bundle: it says it is signed with the key ${signed.key}, and no key is ` +
        "trusted; name one with --trust PUB, or in bundles.trust\n";
    case "unsigned":
      return "Warning: nobody vouches for this bundle: it is not signed\n";
  }
}
