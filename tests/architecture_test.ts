import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { createTempDir } from "./support/temp_dir.ts";
import { walk } from "./support/walk.ts";

const root = new URL("../", import.meta.url);
const maxLines = 350;

const sourceFiles = walk(fileURLToPath(new URL("src", root))).filter((path) => path.endsWith(".ts")).sort();
/** Folders below `backends/` that are no protocol's. */
const commonRooms = ["shared", "opening"];
const protocols = [...new Set(sourceFiles.flatMap((file) => /^backends\/([^/]+)\//.exec(file)?.[1] ?? []))]
  .filter((folder) => !commonRooms.includes(folder));

/** What backends, vault and server agree on. */
const seam = [
  ...[
    "errors",
    "digest",
    "single_flight",
    "lru_limit",
    "artifact",
    "document",
    "reader",
    "backend",
    "carrying",
    "shelf",
    "warming",
  ],
  "http",
  "glob",
];
/** What opens connections. */
const opening = ["config", "key_files", "upstream", "observe"];
/** What makes text for people. */
const shown = ["bytes", "count", "text", "time"].map((what) => `observe/shown_${what}`);
/** Besides the door and the schema: the files and folders of a protocol that know how a backend is opened. */
const wiring: Readonly<Record<string, readonly string[]>> = {
  oci: ["auth", "unconfigured_registries", "value_types"],
};

/**
 * What a room of `src` may import besides itself. A room is a folder or a file without its `.ts`; a file belongs to the
 * room with the longest name that its path begins with. A new room needs a row here, a new protocol does not.
 */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  errors: [],
  single_flight: [],
  lru_limit: [],
  threads: [],
  observe: ["errors"],
  glob: [],
  digest: ["errors"],
  http: ["errors"],
  config: ["errors", "glob"],
  key_files: ["errors", "config/permission", "observe"],
  document: ["http"],
  artifact: ["errors", "digest", "document", "http"],
  reader: ["artifact", "document", "http"],
  backend: ["errors", "artifact", "document", "reader", "http"],
  warming: ["reader"],
  shelf: ["artifact"],
  store: ["errors", "digest", "lru_limit", "artifact", "http", "observe"],
  inventory: [...seam, "observe", "store"],
  cache_commands: [...seam, "inventory", "store", "status/next_request"],
  upstream: ["errors", "digest", "artifact", "http", "observe"],
  vault: [
    ...["errors", "digest", "single_flight", "lru_limit", "artifact", "document", "reader", "http", "observe"],
    "threads/thread",
    "store/store",
    ...["upstream/body_reader", "upstream/health", "upstream/response_notes"],
  ],
  server: [
    "errors",
    "digest",
    "artifact",
    "document",
    "reader",
    "backend",
    "http",
    "observe",
    "warming",
    "vault/vault",
  ],
  status: [
    ...[...seam, "observe", "inventory", "store", "config", "server/access_line"],
    ...["upstream/clock", "upstream/health", "upstream/host_record", "upstream/host_statistics", "vault/vault"],
    "vault/outlook",
  ],
  "backends/shared": [...seam, "archive/zstd_frame", "threads/thread"],
  "backends/opening": ["errors", "artifact", "backend", "http", ...opening],
  "backends/backend_type": [
    "errors",
    "artifact",
    "backend",
    "carrying",
    "shelf",
    "warming",
    "http",
    "backends/opening",
    ...opening,
  ],
  ...Object.assign({}, ...protocols.map(roomsOf)),
  "backends/types": ["backends/backend_type", "config", ...protocols.map((name) => `backends/${name}/${name}`)],
  outlooks: ["app", "entry_outlooks", ...seam, ...opening, "inventory", "store", "backends", "vault"],
  configuration: ["carrying", "backends/types", "backends/backend_type", "config", "warming"],
  warm: [
    "errors",
    "http",
    "reader",
    "warming",
    "observe",
    "archive/named_pipe",
    "config/duration",
    "config/nearest",
    "store/digest_set",
    "store/number_column",
    "upstream/network_error",
  ],
  described_config: ["backends/backend_type", "config", "status/running_status"],
  own_pages: [
    ...["api", "config/schema", "configuration", "entry_outlooks", "server/own_pages", "server/administrator"],
    ...["status/running_status", "store/misses", "warm/client_in_process", "page", "backend"],
    ...["setup", "setup_pages"],
  ],
  page: [
    ...["errors", "api/event_stream", "api/jobs", "api/paths", "http", "inventory/pattern", "observe", "status"],
    ...["server/administrator", "server/own_pages", "server/problem", "server/reply"],
  ],
  entry_outlooks: [
    "artifact",
    "backend",
    "reader",
    "inventory/find_artifact",
    "observe",
    "store/store",
    "vault/outlook",
  ],
  api: [
    ...["errors", "artifact", "http", "observe", "inventory", "store", "status", "config/schema", "entry_outlooks"],
    "cache_commands",
    ...["server/administrator", "server/own_pages", "server/problem", "server/reply", "vault/vault"],
    ...["warm", "warming"],
  ],
  app: [
    ...[...seam, ...opening, "inventory", "store", "backends", "vault", "server", "status"],
    ...["described_config", "entry_outlooks", "own_pages"],
  ],
  carrying: ["http"],
  archive: ["errors", "http", "store/files", "store/regular_files"],
  bundle: ["errors", "http", "carrying", "archive", "inventory", ...shown, "observe/shell_word", "store"],
  "bundle/foreign": [
    ...["errors", "http", "config", "observe", "shelf", "warming", "app", "warm/client_in_process"],
    ...["backends/types", "backends/backend_type", "backends/shared/unpack", "backends/shared/shelves"],
    ...["archive/member_source", "bundle/check_room", "bundle/disk_room", "bundle/index_document", "bundle/shard"],
    ...["store/digest_set", "store/fs_layout"],
  ],
  setup: ["errors"],
  setup_pages: ["errors", "http", "setup", "server/own_pages", "server/problem", "server/reply"],
  cli: [
    ...["archive", "bundle", "cache_commands", "setup"],
    ...["app", "configuration", "config", "key_files", "errors", "inventory", "observe", "outlooks", "vault/outlook"],
    "status",
    ...["warm", "warming", "upstream/clock", "upstream/network_error", "threads/thread"],
    "api/paths",
    ...[
      "store/store",
      "store/files",
      "store/fs_layout",
      "store/misses",
      "store/milestones",
      "store/probe",
      "store/regular_files",
      "store/unreadable",
    ],
  ],
  main: ["cli/run"],
};

/** A protocol never imports another one; its door, its schema and its wiring see more than the rest of it. */
function roomsOf(protocol: string): Record<string, readonly string[]> {
  const room = `backends/${protocol}`;
  const wired = [protocol, "schema", ...wiring[protocol] ?? []].map((name) => `${room}/${name}`);
  const mayWiredImport = [...seam, ...opening, "backends/shared", "backends/opening", "backends/backend_type", room];
  return {
    [room]: [...seam, "backends/shared"],
    ...Object.fromEntries(wired.map((file) => [file, mayWiredImport])),
  };
}

/** Files of `src` by path below it, each with the files of `src` that it imports. */
type Graph = ReadonlyMap<string, readonly string[]>;

/** As `deno info --json` says it; `code` is missing for `import type`. */
interface Dependency {
  /** True for `import()`. */
  readonly isDynamic?: boolean;
  readonly code?: { readonly specifier?: string };
  readonly type?: { readonly specifier?: string };
}

interface InfoModule {
  readonly specifier: string;
  readonly dependencies?: readonly Dependency[];
}

const modules = await readModules();
const graph = graphOf(modules, ({ code, type }) => (code ?? type)?.specifier);
/** Without types, and without what is loaded later, if at all. */
const loaded = graphOf(modules, ({ code, isDynamic }) => isDynamic ? undefined : code?.specifier);

Deno.test("every source file is looked at", () => {
  assert.deepEqual([...graph.keys()].sort(), sourceFiles);
});

Deno.test("imports go one way only", () => {
  const wrong = [...graph].flatMap(([file, imports]) =>
    imports.filter((imported) => !isAllowed(file, imported)).map((imported) => `${file} imports ${imported}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("no file imports itself by way of others, not even types", () => {
  assert.deepEqual(findCycles(graph), []);
});

Deno.test("a command loads no other one, nor a server the protocols that are not configured", () => {
  const kept: [file: string, rooms: readonly string[]][] = [
    ["main.ts", ["app", "backends", "bundle", "store/fs_store", "cli/serve", "cli/cache", "cli/bundle", "cli/warm"]],
    ["cli/cache/cache.ts", ["app", "server", "vault/engine", "bundle", "warm"]],
    ["cli/top/top.ts", ["app", "server", "vault/engine", "api/open", "bundle", "warm"]],
    ["cli/bundle/bundle.ts", ["app", "server", "vault/engine"]],
    ["cli/serve.ts", ["bundle", ...protocols.map((name) => `backends/${name}/backend`)]],
  ];
  const wrong = kept.flatMap(([file, rooms]) =>
    [...reachedFrom(file)].filter((path) => rooms.some((room) => isIn(path, room))).map((path) => `${file}: ${path}`)
  );
  assert.deepEqual(wrong, []);
});

Deno.test("every protocol has a door and a schema", () => {
  assert.ok(protocols.length >= 4);
  const wanted = protocols.flatMap((name) => [`backends/${name}/${name}.ts`, `backends/${name}/schema.ts`]);
  assert.deepEqual(wanted.filter((file) => !sourceFiles.includes(file)), []);
});

Deno.test("no file is named after its folder and something else", () => {
  assert.deepEqual(sourceFiles.filter((file) => /(^|\/)([^/]+)\/\2_[^/]*$/.test(file)), []);
});

Deno.test(`no source file is longer than ${maxLines} lines`, () => {
  assert.deepEqual(sourceFiles.filter((file) => readSource(file).split("\n").length - 1 > maxLines), []);
});

Deno.test("no barrels and no rooms for odds and ends", () => {
  const oddName = /(^|\/)(utils?|helpers?|common|misc|mod|index)\.ts$/;
  assert.deepEqual(sourceFiles.filter((file) => oddName.test(file) || isBarrel(readSource(file))), []);
});

Deno.test("every dependency is pinned to one version", () => {
  const { imports } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", root)));
  const exact = /^npm:(@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+$/;
  assert.deepEqual(Object.values<string>(imports).filter((specifier) => !exact.test(specifier)), []);
});

function roomOf(file: string): string | undefined {
  const rooms = Object.keys(mayImport).filter((room) => isIn(file, room));
  return rooms.sort((a, b) => b.length - a.length)[0];
}

function isIn(file: string, room: string): boolean {
  return file === `${room}.ts` || file.startsWith(`${room}/`);
}

function isAllowed(file: string, imported: string): boolean {
  const room = roomOf(file);
  return room !== undefined && (room === roomOf(imported) || mayImport[room]!.some((other) => isIn(imported, other)));
}

function readSource(file: string): string {
  return Deno.readTextFileSync(new URL(`src/${file}`, root));
}

/** Whether nothing but re-exports is left once comments and blank lines are gone. */
function isBarrel(source: string): boolean {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "").trim();
  return /export\s+\*\s+from/.test(code) || /^(export\s+(type\s+)?\{[^}]*\}\s+from\s+"[^"]+";\s*)+$/.test(code);
}

/** All modules of `src` by path, as one module sees them that imports every file. */
async function readModules(): Promise<ReadonlyMap<string, InfoModule>> {
  await using folder = await createTempDir();
  const all = folder.join("all.ts");
  const imports = sourceFiles.map((file) => `import ${JSON.stringify(new URL(`src/${file}`, root).href)};\n`);
  await Deno.writeTextFile(all, imports.join(""));
  const config = fileURLToPath(new URL("deno.json", root));
  const args = ["info", "--json", "--config", config, all];
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (code !== 0) throw new Error(new TextDecoder().decode(stderr));
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as { readonly modules: readonly InfoModule[] };
  return new Map(modules.flatMap((module) => {
    const path = pathInSource(module.specifier);
    return path === null ? [] : [[path, module]];
  }));
}

type SpecifierOf = (dependency: Dependency) => string | undefined;

function graphOf(modules: ReadonlyMap<string, InfoModule>, specifierOf: SpecifierOf): Graph {
  return new Map([...modules].map(([file, { dependencies = [] }]) => {
    const imports = dependencies.map((dependency) => pathInSource(specifierOf(dependency) ?? ""));
    return [file, imports.filter((path) => path !== null)];
  }));
}

function pathInSource(specifier: string): string | null {
  const source = new URL("src/", root).href;
  return specifier.startsWith(source) ? specifier.slice(source.length) : null;
}

/** The files that are loaded with one of them. */
function reachedFrom(file: string, reached = new Set<string>()): ReadonlySet<string> {
  if (reached.has(file)) return reached;
  reached.add(file);
  for (const imported of loaded.get(file) ?? []) reachedFrom(imported, reached);
  return reached;
}

/** Each cycle once, as `a.ts -> b.ts -> a.ts`. */
function findCycles(graph: Graph): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    const from = path.indexOf(file);
    if (from >= 0) cycles.push([...path.slice(from), file].join(" -> "));
    if (from >= 0 || done.has(file)) return;
    for (const imported of graph.get(file) ?? []) visit(imported, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return cycles;
}
