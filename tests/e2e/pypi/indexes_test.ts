import assert from "node:assert/strict";
import { FileHost } from "../../support/file_shelf.ts";
import { createPip, findPipPythons } from "../../support/pypi/pip_client.ts";
import { PypiIndex } from "../../support/pypi/pypi_index.ts";
import { createWheel } from "../../support/pypi/python_package.ts";
import { createPythonScene, type PythonScene, type PythonVault } from "../../support/pypi/python_scene.ts";
import type { Fault } from "../../support/recording_server.ts";
import { UvReplay } from "../../support/pypi/uv_replay.ts";
import { testInTurn } from "../../support/thorough.ts";

const ignorePip = (await findPipPythons()).length === 0;
const user = { username: "frodo", password: "mellon" };

/** An index of one's own that wants a login and has its files elsewhere, and a public one, in one backend. */
interface TwoIndexes extends AsyncDisposable {
  readonly own: PypiIndex;
  readonly ownFiles: FileHost;
  readonly open: PypiIndex;
  /** More keys of the backend, and of its indexes. */
  startVault(
    more?: Readonly<Record<string, unknown>>,
    keys?: { readonly own?: Readonly<Record<string, unknown>>; readonly open?: Readonly<Record<string, unknown>> },
  ): Promise<PythonVault>;
}

async function createTwoIndexes({ forwards = false } = {}): Promise<TwoIndexes> {
  await using stack = new AsyncDisposableStack();
  const ownFiles = stack.use(new FileHost());
  const scene: PythonScene = stack.use(await createPythonScene());
  const forwardsTo = forwards ? { forwardsTo: scene.index.indexUrl } : {};
  const own = stack.use(new PypiIndex({ user, fileHost: ownFiles, ...forwardsTo }));
  const resources = stack.move();
  return {
    ...{ own, ownFiles, open: scene.index },
    startVault(more = {}, keys = {}) {
      const indexes = [
        { index_url: own.indexUrl, ...user, ...keys.own },
        { index_url: scene.index.indexUrl, ...keys.open },
      ];
      return scene.startVault({ indexes, ...more });
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** The names of the files that a page lists. */
async function filesOf(vault: PythonVault, project: string): Promise<string[]> {
  return (await new UvReplay(vault.indexUrl).page(project)).files.map(({ filename }) => filename);
}

const wheelName = (version: string) => `corp_app-${version}-py3-none-any.whl`;

testInTurn(
  { name: "pip gets the company's package, however new the public one of its name is", ignore: ignorePip },
  async () => {
    await using indexes = await createTwoIndexes();
    const { own, ownFiles, open } = indexes;
    own.add(createWheel("corp-app", "1.0", { dependencies: ["some-lib"] }));
    open.add(createWheel("corp-app", "99.0"));
    open.add(createWheel("some-lib", "1.2"));
    await using vault = await indexes.startVault();
    await using pip = await createPip({ indexUrl: vault.indexUrl });
    assert.deepEqual((await pip.install("corp-app")).versions, { corp_app: "1.0", some_lib: "1.2" });
    assert.equal(open.count("GET", /corp/), 0, "the public index does not even learn of the name");
    const strangers = [...open.requests, ...ownFiles.requests];
    assert.deepEqual(new Set(strangers.map(({ headers }) => headers.get("authorization"))), new Set([null]));
  },
);

const refusals: readonly [what: string, fault: Fault][] = [
  ["answers 403", () => new Response("no", { status: 403 })],
  ["answers 401", () => new Response("no", { status: 401 })],
  ["answers 429", () => new Response("later", { status: 429 })],
  ["answers 500", () => new Response("oops", { status: 500 })],
  ["redirects to a login page", () => new Response(null, { status: 302, headers: { location: "/login" } })],
];

testInTurn("while the company's index has no say, the public one has none either", async (t) => {
  await using indexes = await createTwoIndexes();
  const { own, open } = indexes;
  own.add(createWheel("corp-app", "1.0"));
  own.add(createWheel("corp-held", "1.0"));
  for (const name of ["corp-app", "corp-held"]) open.add(createWheel(name, "99.0"));
  await using vault = await indexes.startVault({ ttl: "0s" });
  const held = await filesOf(vault, "corp-held");
  const check = async () => {
    const response = await fetch(`${vault.indexUrl}/corp-app/`);
    assert.ok(response.status >= 500 || [401, 403, 429].includes(response.status), `${response.status}`);
    assert.match(await response.text(), new RegExp(new URL(own.url).host));
    assert.deepEqual(await filesOf(vault, "corp-held"), held, "what is held goes on being served");
    assert.deepEqual(open.lines, []);
  };
  for (const [what, fault] of refusals) {
    await t.step(`it ${what}`, async () => {
      own.fault = fault;
      await check();
    });
  }
  await t.step("it is down", async () => {
    own.fault = null;
    await own.refuse();
    await check();
  });
});

testInTurn("a project that the company publishes later is the company's from then on", async () => {
  await using indexes = await createTwoIndexes();
  const { own, open } = indexes;
  open.add(createWheel("corp-app", "99.0"));
  {
    await using vault = await indexes.startVault({ ttl: "0s" });
    assert.deepEqual(await filesOf(vault, "corp-app"), [wheelName("99.0")]);
    await own.refuse();
    open.forget();
    assert.deepEqual(await filesOf(vault, "corp-app"), [wheelName("99.0")], "it is held");
  }
  own.accept();
  own.add(createWheel("corp-app", "1.0"));
  await using vault = await indexes.startVault({ ttl: "0s" });
  assert.deepEqual(await filesOf(vault, "corp-app"), [wheelName("1.0")]);
  await own.refuse();
  assert.deepEqual(await filesOf(vault, "corp-app"), [wheelName("1.0")]);
  assert.deepEqual(open.lines, [], "nobody goes on to it while the first is down, or has the project");
});

testInTurn("files of one name are told apart, and one that the right page does not list is not fetched", async () => {
  await using indexes = await createTwoIndexes();
  const { own, open } = indexes;
  const ours = own.add(createWheel("corp-app", "1.0"));
  const theirs = open.add(createWheel("corp-app", "1.0", { dependencies: ["evil"] }));
  await using vault = await indexes.startVault();
  const uv = new UvReplay(vault.indexUrl);
  const [file] = (await uv.page("corp-app")).files;
  assert.deepEqual(await uv.download(file!), ours.bytes);
  const guessed = `/files/corp-app/http/${new URL(open.url).host}${open.filePath(theirs)}`;
  const response = await fetch(vault.url(guessed));
  assert.equal(response.status, 404);
  assert.match(await response.text(), /corp-app.* do(es)? not list it/);
  assert.deepEqual(open.lines, []);
});

testInTurn("only and never say which projects an index is asked for", async (t) => {
  await using indexes = await createTwoIndexes();
  const { own, open } = indexes;
  for (const name of ["corp-app", "corp-old", "some-lib"]) {
    own.add(createWheel(name, "1.0"));
    open.add(createWheel(name, "99.0"));
  }
  own.add(createWheel("secret-plan", "1.0"));
  const ownKeys = { only: ["Corp_*", "secret-plan"], never: "corp-old" };
  await using vault = await indexes.startVault({}, { own: ownKeys, open: { never: ["corp-*", "secret-plan"] } });
  await t.step("only the one that may have it is asked", async () => {
    assert.deepEqual(await filesOf(vault, "corp-app"), [wheelName("1.0")]);
    assert.deepEqual(await filesOf(vault, "some-lib"), ["some_lib-99.0-py3-none-any.whl"]);
    assert.equal(own.count("GET", /some-lib/) + open.count("GET", /corp/), 0);
  });
  await t.step("what none may have is not there", async () => {
    own.forget();
    open.forget();
    const response = await fetch(`${vault.indexUrl}/corp-old/`);
    assert.equal(response.status, 404);
    assert.match(await response.text(), /only.*never/);
    assert.deepEqual([...own.lines, ...open.lines], []);
  });
  await t.step("the list of projects is made of what each may have", async () => {
    const headers = { accept: "application/vnd.pypi.simple.v1+json" };
    const list = await (await fetch(`${vault.indexUrl}/`, { headers })).json() as { projects: { name: string }[] };
    assert.deepEqual(list.projects.map(({ name }) => name).sort(), ["corp-app", "secret-plan", "some-lib"]);
  });
});

testInTurn(
  { name: "an index that redirects unknown projects gets no stranger's package past the rules", ignore: ignorePip },
  async (t) => {
    await using indexes = await createTwoIndexes({ forwards: true });
    const { own, open } = indexes;
    own.add(createWheel("corp-app", "1.0", { dependencies: ["some-lib"] }));
    open.add(createWheel("corp-tools", "99.0"));
    open.add(createWheel("some-lib", "1.2"));
    await using vault = await indexes.startVault({}, { open: { never: "corp-*" } });
    await using pip = await createPip({ indexUrl: vault.indexUrl });
    await t.step("pip and uv are told that there is no such project", async () => {
      assert.match(await pip.failToInstall("corp-tools"), /No matching distribution found for corp-tools/);
      assert.equal((await fetch(vault.url("/simple/corp-tools/"))).status, 404);
      await assert.rejects(new UvReplay(vault.indexUrl).page("corp-tools"));
    });
    await t.step("what the rules let through is installed", async () => {
      assert.deepEqual((await pip.install("corp-app")).versions, { corp_app: "1.0", some_lib: "1.2" });
    });
    assert.deepEqual(open.lines.filter((line) => line.includes("corp")), [], "the public index learns no name");
  },
);
