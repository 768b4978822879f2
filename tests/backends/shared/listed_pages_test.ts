import assert from "node:assert/strict";
import { listedPages } from "../../../src/backends/shared/listed_pages.ts";
import type { Expansion } from "../../../src/warming.ts";

/** Answers by these `Link` headers, by path. */
function expansionOf(links: Readonly<Record<string, string>>): { expansion: Expansion; paths: string[] } {
  const paths: string[] = [];
  const read = ({ path }: { readonly path: string }) => {
    paths.push(path);
    const headers = new Headers(links[path] === undefined ? {} : { link: links[path] });
    return Promise.resolve({ bytes: new Uint8Array(), headers });
  };
  return { expansion: { read } as unknown as Expansion, paths };
}

const cases:
  readonly (readonly [what: string, links: Record<string, string>, paths: readonly string[], ends: boolean])[] = [
    ["one page", {}, ["/r/list"], true],
    [
      "links of each kind",
      {
        "/r/list": '</r/list?last=b>; rel="next"',
        "/r/list?last=b": '<list?last=c>; rel=next, </r/first>; rel="first"',
        "/r/list?last=c": '<http://upstream.test/r/list?last=d>; rel="next"',
      },
      ["/r/list", "/r/list?last=b", "/r/list?last=c", "/r/list?last=d"],
      true,
    ],
    ["a page that is its own next one", { "/r/list": '</r/list>; rel="next"' }, ["/r/list"], false],
    [
      "a circle",
      {
        "/r/list": '<?last=b>; rel="next"',
        "/r/list?last=b": '</r/list>; rel="next"',
      },
      ["/r/list", "/r/list?last=b"],
      false,
    ],
  ];

Deno.test("the pages of a list are read by their links, and those that have no end are refused", async () => {
  for (const [what, links, expected, ends] of cases) {
    const { expansion, paths } = expansionOf(links);
    const all = Array.fromAsync(listedPages({ path: "/r/list" }, expansion));
    if (ends) await all;
    else await assert.rejects(all, /The pages of the list at \/r\/list have no end/, what);
    assert.deepEqual(paths, expected, what);
  }
});
