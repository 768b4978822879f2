import { fragmentOf, lastSegment } from "./links.ts";
import type { OutsideLink } from "./page.ts";

/** Matches what pip and others check out themselves (PEP 440 direct references): `git+https:`, `hg+ssh:`, … */
const versionControl = /^(?:git|hg|svn|bzr)\+[a-z]+:\/\//i;

/** Parses a link to version control; null for any other link. */
export function outsideLinkOf(link: string, source: OutsideLink["source"]): OutsideLink | null {
  if (!versionControl.test(link) || !URL.canParse(link)) return null;
  return { url: link, name: eggOf(link) ?? lastSegment(new URL(link).pathname), source };
}

/** The project and version that a link names in its fragment, such as `holy-grail-1.0`, still encoded; null without. */
export function eggOf(link: string): string | null {
  return /(?:^#|&)egg=([^&]+)/.exec(fragmentOf(link))?.[1] ?? null;
}
