import assert from "node:assert/strict";
import type { IndexDocument } from "../../../src/backends/pypi/index_document.ts";
import {
  checkProjectList,
  mergeProjectLists,
  parseProjectList,
  renderProjectList,
} from "../../../src/backends/pypi/project_list.ts";
import type { ProjectList } from "../../../src/backends/pypi/project_list.ts";
import { VaultError } from "../../../src/errors.ts";
import { htmlDocument, htmlWith, jsonDocument } from "./fixture.ts";

const listUrl = "https://index.example/simple/";
const permits = () => true;

const json = await parseProjectList(jsonDocument({
  meta: { "api-version": "1.4", "_last-serial": 9 },
  projects: [{ name: "Frob", "_last-serial": 3 }, { name: "spam.egg" }, { name: 1 }, null, { name: "../x" }],
  _more: 1,
}, listUrl));
const html = await parseProjectList(htmlDocument(
  htmlWith(
    `<a href="/simple/frob/">FROB</a><A HREF="holy-grail">Holy.Grail</A><a href="https://h/x/eggs/#x">5 eggs</a>` +
      `<a href="../">..</a><a href="?C=N">Name</a><a href="zope-event/">\n zope.event </a>`,
  ),
  listUrl,
));

function namesOf({ projects }: ProjectList): Record<string, string> {
  return Object.fromEntries([...projects].map(([key, { name }]) => [key, name]));
}

async function render(list: ProjectList, form: "json" | "html"): Promise<string> {
  return new TextDecoder().decode(await renderProjectList(list, form));
}

Deno.test("JSON: projects by their names in URLs; what is no name is left out", () => {
  assert.deepEqual(namesOf(json), { frob: "Frob", "spam-egg": "spam.egg" });
});

Deno.test("HTML: a project's name is the text, or where that is another the link", () => {
  assert.deepEqual(namesOf(html), {
    frob: "FROB",
    "holy-grail": "Holy.Grail",
    eggs: "eggs",
    "zope-event": "zope.event",
  });
});

Deno.test("several lists: each project once, as the first has it, and only where it is permitted", async () => {
  const merged = await mergeProjectLists([
    { list: json, permits: (project) => project !== "spam-egg" },
    { list: html, permits: (project) => project !== "eggs" },
  ]);
  assert.deepEqual(namesOf(merged), { frob: "Frob", "holy-grail": "Holy.Grail", "zope-event": "zope.event" });
  assert.deepEqual(JSON.parse(await render(merged, "json")), {
    meta: { "api-version": "1.0" },
    projects: [{ name: "Frob" }, { name: "Holy.Grail" }, { name: "zope.event" }],
  });
});

Deno.test("a single list keeps what it says besides the names", async () => {
  assert.deepEqual(JSON.parse(await render(await mergeProjectLists([{ list: json, permits }]), "json")), {
    meta: { "api-version": "1.4", "_last-serial": 9 },
    projects: [{ name: "Frob", "_last-serial": 3 }, { name: "spam.egg" }],
    _more: 1,
  });
});

Deno.test("a list from HTML, and one of nothing, are shown in JSON", async () => {
  const nothing = { meta: { "api-version": "1.0" }, projects: [] };
  assert.deepEqual(JSON.parse(await render(await mergeProjectLists([]), "json")), nothing);
  const none = await mergeProjectLists([{ list: html, permits: () => false }]);
  assert.deepEqual(JSON.parse(await render(none, "json")), nothing);
});

Deno.test("the links of the HTML form are relative, and it reads back as it was", async () => {
  const text = await render(json, "html");
  assert.ok(text.includes('<a href="spam-egg/">spam.egg</a>'), text);
  assert.deepEqual(namesOf(await parseProjectList(htmlDocument(text, listUrl))), namesOf(json));
});

const refused: Readonly<Record<string, { document: IndexDocument; says: RegExp }>> = {
  "a page of a project": { document: jsonDocument({ files: [] }, listUrl), says: /no list "projects"$/ },
  "a later version": { document: jsonDocument({ meta: { "api-version": "2.1" }, projects: [] }), says: /version 2\.1/ },
  "a page to sign in at": { document: htmlDocument(htmlWith("<input type=password>")), says: /password/ },
};

for (const [name, { document, says }] of Object.entries(refused)) {
  Deno.test(`no list of projects: ${name}`, async () => {
    const isRight = (error: unknown) =>
      error instanceof VaultError && error.code === "upstream_failed" && says.test(error.message);
    await assert.rejects(parseProjectList(document), isRight);
    assert.throws(() => checkProjectList(document), isRight);
  });
}
