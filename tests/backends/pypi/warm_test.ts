import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { parseSpecifiers } from "../../../src/backends/pypi/specifiers.ts";
import { compareVersions, parseVersion } from "../../../src/backends/pypi/version_numbers.ts";
import { rankWheel, type WheelTarget } from "../../../src/backends/pypi/wheel_tags.ts";
import { readList } from "../../../src/warm/list.ts";
import { type FakeUpstream, startFakeUpstream } from "../../support/fake_upstream.ts";
import { noSettings, openText, openWarmScene, type WarmScene } from "../../warm/scene.ts";

Deno.test("all files of one version are warmed, with their metadata, and nothing twice", async () => {
  await using scene = await openScene();
  const { vault, upstream } = scene;
  const first = await vault.warm(["pypi:lib==2.0"]);
  assert.deepEqual(Object.keys(first.outcomes).sort(), [
    "lib page",
    "lib-2.0-cp312-cp312-manylinux_2_17_x86_64.whl",
    "lib-2.0-cp312-cp312-manylinux_2_17_x86_64.whl.metadata",
    "lib-2.0-cp312-cp312-manylinux_2_34_x86_64.whl",
    "lib-2.0-cp39-abi3-win_amd64.whl",
    "lib-2.0-py3-none-any.whl",
    "lib-2.0.tar.gz",
  ]);
  assert.deepEqual([first.counts, first.failures, first.notes], ["new 7", [], []]);
  const asked = upstream.requests.length;
  assert.equal((await vault.warm(["pypi:lib==2"])).counts, "cached 7");
  assert.equal(upstream.requests.length, asked);
});

Deno.test("with a Python and a platform, the one file that pip would take is warmed", async () => {
  await using scene = await openScene();
  const filesFor = async (line: string, python?: string, ...platforms: string[]) => {
    const { outcomes, failures } = await scene.vault.warm([line], { settings: { python, platforms } });
    assert.deepEqual(failures, []);
    return Object.keys(outcomes).filter((name) => /\.(?:whl|gz)$/.test(name)).map((name) =>
      name.replace("lib-2.0-", "")
    ).sort();
  };
  const manylinux = "cp312-cp312-manylinux_2_17_x86_64.whl";
  assert.deepEqual(await filesFor("pypi:lib", "3.12", "manylinux_2_28_x86_64"), [manylinux]);
  assert.deepEqual(await filesFor("pypi:lib python=3.12 platform=manylinux_2_28_x86_64"), [manylinux]);
  assert.deepEqual(await filesFor("pypi:lib", "3.13", "manylinux_2_28_x86_64"), ["py3-none-any.whl"]);
  assert.deepEqual(await filesFor("pypi:lib", "3.13", "win_amd64"), ["cp39-abi3-win_amd64.whl"]);
  assert.deepEqual(await filesFor("pypi:sdist-only", "3.12", "musllinux_1_2_x86_64"), ["sdist-only-1.0.tar.gz"]);
  assert.deepEqual(await filesFor("pypi:lib", undefined, "linux/arm64"), [
    ...[manylinux, "cp312-cp312-manylinux_2_34_x86_64.whl", "cp39-abi3-win_amd64.whl", "lib-2.0.tar.gz"],
    "py3-none-any.whl",
  ]);
});

Deno.test("without a version the newest one is warmed, with a note that dependencies are not", async () => {
  await using scene = await openScene();
  const versionOf = async (line: string, python?: string) => {
    const { outcomes, notes } = await scene.vault.warm([line], { settings: { python } });
    const names = Object.keys(outcomes).filter((name) => name.endsWith(".tar.gz"));
    return [names.map((name) => /-([\d.a-z]+)\.tar/.exec(name)![1]).join(), notes.length];
  };
  assert.deepEqual(await versionOf("pypi:lib"), ["2.0", 1]);
  assert.deepEqual(await versionOf("pypi:Lib[extra] >=1,<2"), ["1.5", 1]);
  assert.deepEqual(await versionOf("pypi:lib>=3.0a1"), ["3.0a1", 1]);
  assert.deepEqual(await versionOf("pypi:lib==1.6"), ["1.6", 0]);
  assert.deepEqual(await versionOf("pypi:lib<2", "3.8"), ["1.0", 1]);
});

Deno.test("what is not there is said with the reason", async () => {
  await using scene = await openScene();
  const { failures } = await scene.vault.warm(["pypi:lib==9", "pypi:none", "pypi:lib; x", "pypi:lib backend=other"]);
  const text = failures.toSorted().join("\n");
  assert.match(text, /list:1: Nothing for "lib==9": the index lists no file of it/);
  assert.match(text, /list:2: none page is not there/);
  assert.match(text, /list:4: No backend for Python packages is called "other"; there are pypi/);
});

Deno.test("URLs of the index and of its files lead to the vault", async () => {
  await using scene = await openScene();
  const [source] = scene.vault.sources;
  const at = (path: string) => source!.pathOf(new URL(path, scene.upstream.origin));
  assert.equal(at("/simple/lib/"), "/pypi/simple/lib/");
  assert.equal(at("/files/packages/aa/lib-2.0.tar.gz"), "/pypi/packages/packages/aa/lib-2.0.tar.gz");
  assert.equal(at("https://elsewhere.example/simple/lib/"), null);
});

Deno.test("requirements.txt: pins, hashes, includes, constraints, extras, comments", async () => {
  const files: Record<string, string> = {
    "app/requirements.txt": [
      "# made by pip-compile",
      "-r base.txt",
      "--constraint=limits.txt",
      "-i https://pypi.example.com/simple",
      "-e .",
      "Requests[socks] == 2.32.0 \\",
      `    --hash=sha256:${"a".repeat(64)} \\`,
      `    --hash=sha256:${"B".repeat(64)}  # via app`,
      'tomli>=1 ; python_version < "3.11"',
      "direct @ https://files.example.com/direct-1.0.tar.gz",
      "./folder/package",
    ].join("\n"),
    "app/base.txt": "Flask~=3.0\n-r requirements.txt\n".split("-r")[0]!,
    "app/limits.txt": "flask<3.1\ntomli==2.0.1\n",
  };
  const { lines, places, notes } = await linesOf("app/requirements.txt", files);
  assert.deepEqual(lines, [
    "pypi:flask~=3.0,<3.1",
    `pypi:requests==2.32.0 sha256:${"a".repeat(64)} sha256:${"b".repeat(64)}`,
    "pypi:tomli>=1,==2.0.1",
    "https://files.example.com/direct-1.0.tar.gz",
  ]);
  assert.deepEqual(places, [
    "app/base.txt:1",
    "app/requirements.txt:6",
    "app/requirements.txt:9",
    "app/requirements.txt:10",
  ]);
  const text = notes.join("\n");
  for (
    const pattern of [/"-i" is for pip alone/, /"-e \." is left out/, /python_version are not looked at/, /"\.\/folder/]
  ) {
    assert.match(text, pattern);
  }
  await assert.rejects(
    linesOf("requirements.txt", { "requirements.txt": "-r requirements.txt" }),
    /include each other/,
  );
  await assert.rejects(
    linesOf("requirements.txt", { "requirements.txt": "-r gone.txt" }),
    /"gone\.txt": there is no such/,
  );
  assert.deepEqual((await linesOf("list", { list: "lib==2.0\nother\n" })).lines, ["pypi:lib==2.0", "pypi:other"]);
});

Deno.test("uv.lock, poetry.lock and pylock.toml name versions and hashes", async () => {
  const hash = (letter: string) => `sha256:${letter.repeat(64)}`;
  const uv = `version = 1
requires-python = ">=3.12"

[[package]]
name = "idna"
version = "3.7"
source = { registry = "https://pypi.org/simple" }
sdist = { url = "https://files.example.com/idna-3.7.tar.gz", hash = "${hash("a")}", size = 189575 }
wheels = [
    { url = "https://files.example.com/idna-3.7-py3-none-any.whl", hash = "${hash("b")}", size = 66836 },
]

[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
`;
  const ofUv = await linesOf("project/uv.lock", { "project/uv.lock": uv });
  assert.deepEqual(ofUv.lines, [`pypi:idna==3.7 ${hash("b")} ${hash("a")}`]);
  assert.match(ofUv.notes.join(), /app is left out: it comes from virtual/);

  const poetry = `[[package]]
name = "Flask"
version = "3.0.0"
files = [
    {file = "flask-3.0.0-py3-none-any.whl", hash = "${hash("c")}"},
]

[[package]]
name = "from-git"
version = "1.0"
files = []

[package.source]
type = "git"
url = "https://example.com/x.git"

[metadata]
content-hash = "0"
`;
  const ofPoetry = await linesOf("poetry.lock", { "poetry.lock": poetry });
  assert.deepEqual(ofPoetry.lines, [`pypi:flask==3.0.0 ${hash("c")}`]);
  assert.match(ofPoetry.notes.join(), /from-git is left out: it comes from git/);

  const pylock = `lock-version = "1.0"
created-by = "pip"
[[packages]]
name = "attrs"
version = "25.1.0"
[[packages.wheels]]
name = "attrs-25.1.0-py3-none-any.whl"
[packages.wheels.hashes]
sha256 = "${"d".repeat(64)}"
[[packages]]
name = "local"
[packages.directory]
path = "."
`;
  const ofPylock = await linesOf("pylock.dev.toml", { "pylock.dev.toml": pylock });
  assert.deepEqual(ofPylock.lines, [`pypi:attrs==25.1.0 ${hash("d")}`]);
  await assert.rejects(
    linesOf("uv.lock", { "uv.lock": "requires-python = '3'\n[[" }),
    /Cannot parse "uv\.lock" as TOML/,
  );
});

Deno.test("hashes of a lock file choose among the files of a version", async () => {
  await using scene = await openScene();
  const { outcomes } = await scene.vault.warm([`pypi:lib==2.0 ${hashOf("lib-2.0.tar.gz")}`]);
  assert.deepEqual(Object.keys(outcomes).sort(), ["lib page", "lib-2.0.tar.gz"]);
});

Deno.test("versions are ordered as PEP 440 says", () => {
  const ordered = [
    ...[
      "1.0.dev456",
      "1.0a1",
      "1.0a2.dev456",
      "1.0a12.dev456",
      "1.0a12",
      "1.0b1.dev456",
      "1.0b2",
      "1.0b2.post345.dev456",
    ],
    ...["1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0", "1.0+abc.5", "1.0+abc.7", "1.0+5", "1.0.post456.dev34"],
    ...["1.0.post456", "1.1.dev1", "1.10", "1!0.5"],
  ];
  const sorted = ordered.toReversed().toSorted((a, b) => compareVersions(parseVersion(a)!, parseVersion(b)!));
  assert.deepEqual(sorted, ordered);
  for (const [a, b] of [["1.0", "1"], ["v1.0-1", "1.0.post1"], ["1.0-ALPHA.1", "1.0a1"], ["1.0c1", "1.0rc1"]]) {
    assert.equal(compareVersions(parseVersion(a!)!, parseVersion(b!)!), 0, `${a} ${b}`);
  }
  assert.deepEqual(["", "x", "1.0-", "1..0", "1.0+"].map(parseVersion), [null, null, null, null, null]);
});

Deno.test("specifiers allow what PEP 440 says", () => {
  const table: [string, string[], string[]][] = [
    ["", ["1", "2.0"], []],
    ["==1.1", ["1.1", "1.1.0", "1.1+local"], ["1.1.1", "1.1.post1", "1.1a1"]],
    ["==1.1.*", ["1.1", "1.1.post1", "1.1a1", "1.1.9"], ["1.2", "1.10"]],
    ["!=1.1.*", ["1.2"], ["1.1.3"]],
    ["~=2.2", ["2.2", "2.9"], ["3.0", "2.1"]],
    ["~=1.4.5", ["1.4.5", "1.4.9"], ["1.5", "1.4.4"]],
    [">=2,<3", ["2.0", "2.9"], ["3.0", "1.9", "3.0rc1"]],
    [">1.7", ["1.8"], ["1.7", "1.7.post1", "1.7.0"]],
    ["<=2", ["2.0", "1"], ["2.0.1"]],
    ["===1.0-x", ["1.0-x"], ["1.0"]],
  ];
  for (const [text, allowed, refused] of table) {
    const { allows } = parseSpecifiers(text)!;
    const test = (version: string) => allows(parseVersion(version) ?? parseVersion("0")!, version);
    assert.deepEqual(allowed.filter((version) => !test(version)), [], `${text} allows`);
    assert.deepEqual(refused.filter(test), [], `${text} refuses`);
  }
  assert.equal(parseSpecifiers("=>1"), null);
});

Deno.test("wheels are ranked as pip ranks them", () => {
  const linux: WheelTarget = { python: "3.12", platforms: ["manylinux_2_28_x86_64"] };
  const best = (target: WheelTarget, ...tags: string[]) =>
    tags.map((tag) => ({ tag, rank: rankWheel(`x-1-${tag}.whl`, target) })).filter(({ rank }) => rank !== null)
      .toSorted((a, b) => a.rank! - b.rank!).map(({ tag }) => tag);
  const expected = [
    ...["cp312-cp312-manylinux_2_28_x86_64", "cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64"],
    ...["cp312-cp312-manylinux1_x86_64", "cp312-cp312-linux_x86_64", "cp312-abi3-manylinux_2_17_x86_64"],
    ...[
      "cp39-abi3-manylinux_2_17_x86_64",
      "py3-none-manylinux_2_17_x86_64",
      "cp312-none-any",
      "py312-none-any",
      "py3-none-any",
      "py39-none-any",
    ],
  ];
  const unfit = [
    ...["cp312-cp312-manylinux_2_34_x86_64", "cp311-cp311-manylinux_2_17_x86_64", "cp313-abi3-manylinux_2_17_x86_64"],
    ...[
      "cp312-cp312-musllinux_1_2_x86_64",
      "cp312-cp312-manylinux_2_17_aarch64",
      "cp312-cp312-win_amd64",
      "py2-none-any",
    ],
  ];
  assert.deepEqual(best(linux, ...unfit, ...expected.toReversed()), expected);
  const mac = { python: "3.12", platforms: ["macosx_14_0_arm64"] };
  assert.deepEqual(
    best(mac, "cp312-cp312-macosx_15_0_arm64", "cp312-cp312-macosx_10_9_universal2", "cp312-cp312-macosx_11_0_arm64"),
    [
      "cp312-cp312-macosx_11_0_arm64",
      "cp312-cp312-macosx_10_9_universal2",
    ],
  );
  assert.equal(rankWheel("x-1-2-py2.py3-none-any.whl", linux), rankWheel("x-1-py3-none-any.whl", linux));
  assert.equal(rankWheel("x.whl", linux), null);
});

interface Scene extends AsyncDisposable {
  readonly upstream: FakeUpstream;
  readonly vault: WarmScene;
}

const files: Record<string, { requiresPython?: string; metadata?: true }> = {
  "lib-1.0.tar.gz": {},
  "lib-1.5.tar.gz": { requiresPython: ">=3.9" },
  "lib-1.6.tar.gz": {},
  "lib-2.0-cp312-cp312-manylinux_2_17_x86_64.whl": { metadata: true },
  "lib-2.0-cp312-cp312-manylinux_2_34_x86_64.whl": {},
  "lib-2.0-cp39-abi3-win_amd64.whl": {},
  "lib-2.0-py3-none-any.whl": {},
  "lib-2.0.tar.gz": {},
  "lib-3.0a1.tar.gz": {},
};

async function openScene(): Promise<Scene> {
  await using stack = new AsyncDisposableStack();
  const upstream = stack.use(startFakeUpstream());
  serveProject(upstream, "lib", files);
  serveProject(upstream, "sdist-only", { "sdist-only-1.0.tar.gz": {} });
  const urls = { index_url: `${upstream.origin}/simple`, packages_url: `${upstream.origin}/files` };
  const vault = stack.use(await openWarmScene([{ type: "pypi", name: "pypi", config: { ...urls, retries: 0 } }]));
  const resources = stack.move();
  return { upstream, vault, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

function serveProject(
  upstream: FakeUpstream,
  name: string,
  files: Record<string, { requiresPython?: string; metadata?: true }>,
) {
  const listed = Object.entries(files).map(([filename, { requiresPython, metadata }]) => {
    upstream.serve(`/files/${filename}`, { body: filename });
    const url = `${upstream.origin}/files/${filename}`;
    if (metadata) upstream.serve(`/files/${filename}.metadata`, { body: "Metadata-Version: 2.1" });
    return {
      ...{ filename, url, hashes: { sha256: hashOf(filename).slice(7) }, yanked: filename.includes("1.6") && "bad" },
      ...requiresPython !== undefined && { "requires-python": requiresPython },
      ...metadata && { "core-metadata": true },
    };
  });
  const body = JSON.stringify({ meta: { "api-version": "1.0" }, name, files: listed });
  upstream.serve(`/simple/${name}/`, { body, headers: { "content-type": "application/vnd.pypi.simple.v1+json" } });
}

function hashOf(body: string): string {
  return `sha256:${createHash("sha256").update(body).digest("hex")}`;
}

async function linesOf(path: string, files: Readonly<Record<string, string>>) {
  await using vault = await openWarmScene([{ type: "pypi", name: "pypi", config: {} }]);
  const notes: string[] = [];
  const listed = await Array.fromAsync(
    await readList(path, {
      sources: vault.sources,
      settings: noSettings,
      open: (path) => {
        const text = files[path];
        return text === undefined ? Promise.reject(new Deno.errors.NotFound()) : openText(text);
      },
      note: (message) => notes.push(message),
    }),
  );
  return { lines: listed.map(({ text }) => text), places: listed.map(({ at }) => at), notes };
}
