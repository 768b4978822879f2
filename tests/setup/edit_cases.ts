import type { ClientSetup } from "../../src/setup/client_setup.ts";
import { npm as npmClient, yarnBerry } from "../../src/setup/clients/javascript.ts";
import { huggingface } from "../../src/setup/clients/others.ts";
import { pdm, pip as pipClient, poetry, uv as uvClient } from "../../src/setup/clients/python.ts";
import type { Edit } from "../../src/setup/edit/edit.ts";

const clients = { pip: pipClient, uv: uvClient, poetry, pdm, yarnBerry };
const pip: Edit = {
  kind: "values",
  format: "ini",
  values: [{ section: "global", key: "index-url", line: "index-url = http://v/simple" }],
};
const npm: Edit = {
  kind: "values",
  format: "ini",
  values: [{ key: "registry", line: "registry=http://v/npm/" }],
};
const bun: Edit = {
  kind: "values",
  format: "toml",
  values: [{ section: "install", key: "registry", line: 'registry = "http://v/npm/"' }],
};
const yarn: Edit = {
  kind: "values",
  format: "yaml",
  values: [{ key: "npmRegistryServer", line: 'npmRegistryServer: "http://v"' }],
};
const uv: Edit = { kind: "tables", key: "index", text: '[[index]]\nurl = "http://v"\ndefault = true\n' };
const docker: Edit = { kind: "json", key: "registry-mirrors", item: "http://v" };
const k3s: Edit = { kind: "yaml", entries: [{ path: ["mirrors", "docker.io", "endpoint"], item: "http://v" }] };
const maven: Edit = { kind: "xml", root: "settings", list: "mirrors", text: "    <mirror>v</mirror>" };

/** The edit of a client, of a vault at http://v. */
function editOf(client: ClientSetup): Edit {
  const vault = { url: "http://v", host: "v", isPlain: true, prefix: "/p" };
  return client.files(vault, client.scopes[0])[0]!.edit;
}

const sources: Edit = {
  kind: "sources",
  url: "http://v",
  repositories: [
    { url: "http://deb.debian.org/debian", prefix: "/debian" },
    { url: "https://apt.example.org", prefix: "/" },
  ],
};

/** What an edit makes of a file. */
export const cases: [name: string, edit: Edit, before: string, after: string][] = [
  ["a section is added", pip, "", "[global]\nindex-url = http://v/simple\n"],
  [
    "a key is added below its section",
    pip,
    "# a\n[global]\n# b\ntimeout = 9\n",
    "# a\n[global]\nindex-url = http://v/simple\n# b\ntimeout = 9\n",
  ],
  [
    "a key is replaced where it is",
    pip,
    "[install]\nindex-url = x\n[global]\nx = 1\nindex-url: y\n",
    "[install]\nindex-url = x\n[global]\nx = 1\nindex-url = http://v/simple\n",
  ],
  ["CRLF stays", pip, "[global]\r\ntimeout = 9\r\n", "[global]\r\nindex-url = http://v/simple\r\ntimeout = 9\r\n"],
  ["a byte order mark stays first", pip, "\uFEFF[global]\n", "\uFEFF[global]\nindex-url = http://v/simple\n"],
  ["a missing line end stays so", npm, "//v/:_authToken=a", "//v/:_authToken=a\nregistry=http://v/npm/"],
  ["a scope's registry is another key", npm, "@a:registry=x\n", "@a:registry=x\nregistry=http://v/npm/\n"],
  ["a comment is no key", npm, "# registry=x\n;registry=x\n", "# registry=x\n;registry=x\nregistry=http://v/npm/\n"],
  ["a TOML section is added", bun, "smol = true", 'smol = true\n\n[install]\nregistry = "http://v/npm/"'],
  ["a YAML key is replaced", yarn, "a: 1\nnpmRegistryServer: x\nb: 2\n", 'a: 1\nnpmRegistryServer: "http://v"\nb: 2\n'],
  ["tables go to the end", uv, "a = 1 # why\n", 'a = 1 # why\n\n[[index]]\nurl = "http://v"\ndefault = true\n'],
  ["an object is made", docker, "", '{\n  "registry-mirrors": ["http://v"]\n}\n'],
  ["an empty object is filled", docker, "{}", '{\n  "registry-mirrors": ["http://v"]\n}'],
  [
    "a member comes first, as others are indented",
    docker,
    '{\n\t"debug": true\n}\n',
    '{\n\t"registry-mirrors": ["http://v"],\n\t"debug": true\n}\n',
  ],
  ["an object of one line stays one", docker, '{"a":{"b":1}}', '{ "registry-mirrors": ["http://v"],"a":{"b":1}}'],
  [
    "an item comes first",
    docker,
    '{"registry-mirrors": [\n  "http://x"\n]}',
    '{"registry-mirrors": [\n  "http://v",\n  "http://x"\n]}',
  ],
  ["an empty list is filled", docker, '{"registry-mirrors": []}', '{"registry-mirrors": ["http://v"]}'],
  ["YAML is made", k3s, "", "mirrors:\n  docker.io:\n    endpoint:\n      - http://v\n"],
  [
    "YAML comments stay",
    k3s,
    "# a\nmirrors:\n  docker.io:\n    endpoint:\n      - http://x # c\n",
    "# a\nmirrors:\n  docker.io:\n    endpoint:\n      - http://v\n      - http://x # c\n",
  ],
  [
    "YAML in a form of its own stays so",
    k3s,
    "mirrors:   # m\n    # q\n    'quay.io': {}\n\nconfigs:\n    a:   1\n",
    "mirrors:   # m\n    docker.io:\n        endpoint:\n            - http://v\n    # q\n    'quay.io': {}\n\nconfigs:\n    a:   1\n",
  ],
  [
    "a YAML list at the column of its key stays there",
    k3s,
    "mirrors:\n  docker.io:\n    endpoint:\n    - http://x\n",
    "mirrors:\n  docker.io:\n    endpoint:\n    - http://v\n    - http://x\n",
  ],
  [
    "a YAML key is added at the end",
    k3s,
    "configs: {}\n# end\n",
    "configs: {}\n# end\nmirrors:\n  docker.io:\n    endpoint:\n      - http://v\n",
  ],
  ["XML is made", maven, "", "<settings>\n  <mirrors>\n    <mirror>v</mirror>\n  </mirrors>\n</settings>\n"],
  [
    "a commented list is none",
    maven,
    "<settings>\n  <!-- <mirrors> </settings> -->\n</settings>\n",
    "<settings>\n  <!-- <mirrors> </settings> -->\n  <mirrors>\n    <mirror>v</mirror>\n  </mirrors>\n</settings>\n",
  ],
  [
    "an element comes first",
    maven,
    "<settings>\n  <mirrors>\n    <mirror>x</mirror>\n  </mirrors>\n</settings>",
    "<settings>\n  <mirrors>\n    <mirror>v</mirror>\n    <mirror>x</mirror>\n  </mirrors>\n</settings>",
  ],
  [
    "a key of pip is found however it is written, and a list gets one more item",
    editOf(clients.pip),
    "[global]\nIndex_Url = x\ntrusted-host = old\n",
    "[global]\nindex-url = http://v/p/simple\ntrusted-host = old v\n",
  ],
  [
    "an empty list is filled",
    maven,
    "<settings>\n  <mirrors/>\n</settings>\n",
    "<settings>\n  <mirrors>\n    <mirror>v</mirror>\n  </mirrors>\n</settings>\n",
  ],
  [
    "a key without a value gets one",
    k3s,
    "mirrors:\n",
    "mirrors:\n  docker.io:\n    endpoint:\n      - http://v\n",
  ],
  [
    "one-line sources get the vault's URL, others stay",
    sources,
    "# deb http://deb.debian.org/debian a main\ndeb [signed-by=/k] http://deb.debian.org/debian a main\n" +
    "deb-src\thttps://deb.debian.org/debian/ a main\r\ndeb http://deb.debian.org/debian-security a main",
    "# deb http://deb.debian.org/debian a main\ndeb [signed-by=/k] http://v/debian a main\n" +
    "deb-src\thttp://v/debian/ a main\r\ndeb http://deb.debian.org/debian-security a main",
  ],
  [
    "URIs of deb822 do too, also in lines that follow",
    sources,
    "Types: deb\nURIs: http://deb.debian.org/debian\n http://apt.example.org/ http://x/\nSuites: a\n",
    "Types: deb\nURIs: http://v/debian\n http://v/ http://x/\nSuites: a\n",
  ],
  [
    "keys that are further in stay keys, and a new one is as far in",
    editOf(clients.pip),
    "[global]\n    # a\n    timeout = 9\n    extra-index-url =\n\n        http://x\n",
    "[global]\n    index-url = http://v/p/simple\n    trusted-host = v\n    # a\n    timeout = 9\n" +
    "    extra-index-url =\n\n        http://x\n",
  ],
  [
    "a key that is further in is replaced, and one in a value of several lines is none",
    pip,
    "[global]\n  note = a\n   index-url = b\n  index-url = c\n  timeout = 9\n",
    "[global]\n  note = a\n   index-url = b\n  index-url = http://v/simple\n  timeout = 9\n",
  ],
  [
    "a TOML key that is further in is replaced",
    bun,
    "[install]\n\tregistry = 'x'\n\texact = true\n",
    '[install]\n\tregistry = "http://v/npm/"\n\texact = true\n',
  ],
  [
    "a secret that is bound to its own registry stays",
    editOf(npmClient),
    "//x/:_authToken=a\n@a:registry=http://x\n",
    "//x/:_authToken=a\n@a:registry=http://x\nregistry=http://v/p/\n",
  ],
  ["line ends that are mixed stay", npm, "#a\r\n;b\r\nb=2\n", "#a\r\n;b\r\nb=2\nregistry=http://v/npm/\n"],
  [
    "so they do behind a line that is replaced",
    editOf(huggingface),
    "export HF_ENDPOINT=x # c\r\nA=1\n",
    "export HF_ENDPOINT=http://v/p\nA=1\n",
  ],
  ["a byte order mark alone stays", npm, "\uFEFF", "\uFEFFregistry=http://v/npm/\n"],
];

/** Files that an edit refuses to change. */
export const refused: [name: string, edit: Edit, text: string, message: RegExp][] = [
  ["JSON with a comment", docker, '{\n  // why\n  "a": 1\n}', /cannot be parsed: .*line 2/],
  ["JSON that is a list", docker, "[]", /no JSON object/],
  ["mirrors that are no list", docker, '{"registry-mirrors": "http://x"}', /no list that stands there once/],
  [
    "mirrors that stand there twice",
    docker,
    '{"a": {"registry-mirrors": []}, "registry-mirrors": []}',
    /stands there once/,
  ],
  ["TOML that is wrong", bun, "a = \n", /cannot be parsed: [^]*1:/],
  ["a TOML table that is an inline one", bun, "install = {}\n", /no place/],
  ["an inline list of indexes", uv, "index = []\n", /no place/],
  ["an INI line that is none", pip, "[global]\n= x\n", /line 2/],
  [
    "an INI value of several lines",
    pip,
    "[global]\nindex-url =\n  http://x\n",
    /Line 2 begins a value of several lines/,
  ],
  [
    "an INI value that goes on behind an empty line",
    pip,
    "[global]\nindex-url = a\n\n# b\n  http://x\n",
    /Line 2 begins a value of several lines/,
  ],
  ["a key that is set twice", editOf(clients.pip), "[global]\nindex-url = a\nIndex_Url = b\n", /Line 3 .* second time/],
  [
    "a section that begins twice",
    editOf(clients.pip),
    "[global]\n[a]\n[global]\n",
    /Line 3 begins \[global\] a second/,
  ],
  [
    "a section further in than a key, which is its value",
    editOf(clients.pip),
    "[global]\nindex-url = a\n  [global]\n",
    /Line 2 begins a value of several lines/,
  ],
  [
    "a secret for whichever registry is set",
    editOf(npmClient),
    "a=1\n _authToken = x\n",
    /Line 2 has _authToken for whichever registry is set, and the vault would get it/,
  ],
  ["such a secret in YAML", editOf(clients.yarnBerry), "npmAuthToken: x\n", /Line 1 has npmAuthToken/],
  ["such a secret in a section", editOf(clients.pdm), '[pypi]\n  password = "x"\n', /Line 2 has password/],
  [
    "a line of a shell that does more",
    editOf(huggingface),
    "export HF_ENDPOINT=x HF_TOKEN=y\n",
    /Line 1 does more than to set HF_ENDPOINT/,
  ],
  ["a TOML key in a text of several lines", bun, '[install]\na = """\nregistry = 1\n"""\n', /no place/],
  ["YAML that is wrong", k3s, "a: [1\nb: 2\n", /cannot be parsed: .*line 2/],
  ["a YAML list", k3s, "- a\n", /no YAML mapping/],
  ["an endpoint that is no list", k3s, "mirrors: {docker.io: {endpoint: x}}\n", /is no list/],
  ["a key that comes first elsewhere", editOf(clients.pip), "[install]\nindex_url = x\n", /Line 2 .*\[install\]/],
  [
    "a list with other items",
    editOf(clients.yarnBerry),
    'unsafeHttpWhitelist: ["old"]\n',
    /add the vault by hand/,
  ],
  ["a second default index", editOf(clients.uv), '[[index]]\nurl = "x"\ndefault = true\n', /a default index already/],
  [
    "a project that names PyPI as a source",
    editOf(clients.poetry),
    '[[tool.poetry.source]]\nname = "PyPI"\npriority = "primary"\n',
    /a source with the name PyPI already/,
  ],
  ["a project without its file", editOf(clients.poetry), "", /directory of the project/],
  ["a YAML mapping in braces", k3s, "mirrors: {quay.io: {}}\n", /Add by hand: mirrors\.docker\.io\.endpoint/],
  ["a YAML list in brackets", k3s, "mirrors:\n  docker.io:\n    endpoint: [x]\n", /Add by hand: mirrors\.docker/],
  ["two YAML documents", k3s, "a: 1\n---\nb: 1\n", /cannot be parsed/],
  ["XML that is not well-formed", maven, "<settings>\n<servers></settings>", /<\/settings> in line 2 closes nothing/],
  ["another XML document", maven, "<project></project>", /no <settings> document/],
];
