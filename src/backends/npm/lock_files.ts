import { VaultError } from "../../errors.ts";
import { asJsonObject, isJsonObject, jsonOrNull } from "../../http/json.ts";
import type { ListFile, ListForm, ListReading } from "../../warming.ts";
import { isPackageName } from "./names.ts";

/** The lock files of npm, pnpm, yarn (1 and later), bun and Deno. */
export const lockFiles: readonly ListForm[] = [
  lockFile("package-lock.json", /^(?:package-lock|npm-shrinkwrap)\.json$/, ofNpm),
  lockFile("pnpm-lock.yaml", /^pnpm-lock\.yaml$/, ofPnpm),
  lockFile("yarn.lock", /^yarn\.lock$/, ofYarn),
  lockFile("bun.lock", /^bun\.lock$/, ofBun),
  lockFile("deno.lock", /^deno\.lock$/, ofDeno),
];

/** A package of a lock file: `name@version`, or a sentence about why it is on no registry. */
type Locked = { readonly subject: string } | { readonly name: string; readonly elsewhere: string };

function lockFile(name: string, named: RegExp, read: (file: ListFile) => readonly Locked[]): ListForm {
  return {
    name,
    isForm: ({ path }) => named.test(path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1)),
    linesOf: (file, reading) => linesOf(read(file), reading),
  };
}

function linesOf(packages: readonly Locked[], { note }: ListReading): string[] {
  const subjects = new Set<string>();
  for (const locked of packages) {
    if ("subject" in locked) subjects.add(locked.subject);
    else note(`${locked.name} is left out: it comes from ${locked.elsewhere}, not from a registry`);
  }
  return [...subjects].map((subject) => `npm:${subject}`);
}

/** Versions 2 and 3 have all packages by their folders. */
function ofNpm(file: ListFile): Locked[] {
  const { packages } = parsed(file);
  if (!isJsonObject(packages)) {
    throw new VaultError(
      "config_invalid",
      `"${file.path}" is of the first version of lock files; write it anew with npm 7 or newer`,
    );
  }
  return Object.entries(packages).flatMap(([folder, value]) => {
    const { name = folder.split("node_modules/").at(-1), version, resolved = "", link } = asJsonObject(value);
    if (!folder.includes("node_modules/") || link === true) return [];
    return locked(String(name), String(version), /^(?:https?:|$)/.test(String(resolved)) ? null : String(resolved));
  });
}

/** Each package begins a line of the part `packages`: `name@version`, or `/name@version` and `/name/version` before. */
function ofPnpm({ text }: ListFile): Locked[] {
  const [, part = ""] = /^packages:[ \t]*\r?\n((?:[ \t].*\r?\n?|\r?\n)*)/m.exec(text) ?? [];
  return [...part.matchAll(/^ {2}(['"]?)(\S.*?)\1:[ \t]*\r?$/gm)].flatMap(([, , key = ""]) => {
    const [, name = "", version = ""] = /^\/?((?:@[^/]+\/)?[^@/]+)[@/](.+?)(?:\(.*|_.*)?$/.exec(key) ?? [];
    return locked(name === "" ? key : name, version, /^(?:file|link|https?|git[^:]*):/.test(version) ? version : null);
  });
}

/** Version 1 has `name@range:` and `  version "…"`; later ones have `  resolution: "name@npm:…"`. */
function ofYarn({ text }: ListFile): Locked[] {
  const later = [...text.matchAll(/^ {2}resolution: "((?:@[^/]+\/)?[^@/"]+)@([^"]+)"/gm)];
  if (later.length > 0) {
    return later.flatMap(([, name = "", from = ""]) => {
      const [, version] = /^npm:([^:]+?)(?:::.*)?$/.exec(from) ?? [];
      if (version !== undefined) return locked(name, version, null);
      return /^(?:workspace|patch|link|virtual):/.test(from) ? [] : locked(name, "", from);
    });
  }
  const first = /^"?((?:@[^/\s]+\/)?[^@\s"]+)@([^\n]*):\r?\n {2}version "([^"]+)"(?:\r?\n {2}resolved "([^"]*)")?/gm;
  return [...text.matchAll(first)].flatMap(([, key = "", ranges = "", version = "", resolved = ""]) => {
    const [, alias] = /^npm:((?:@[^/]+\/)?[^@]+)@/.exec(ranges) ?? [];
    return locked(alias ?? key, version, /^(?:https?:|$)/.test(resolved) ? null : resolved);
  });
}

/** JSON with commas behind the last members: `"name": ["name@version", …]`. */
function ofBun({ text }: ListFile): Locked[] {
  const packages = /^ {2}"packages": \{$([^]*)/m.exec(text)?.[1] ?? "";
  return [...packages.matchAll(/^ {4}"[^"]+": \["((?:@[^/"]+\/)?[^@"]+)@([^"]+)"/gm)].flatMap((
    [, name = "", from = ""],
  ) => /^workspace:/.test(from) ? [] : locked(name, from, /^\d/.test(from) ? null : from));
}

/** Behind a version there may be the peers that a package was resolved with. */
function ofDeno(file: ListFile): Locked[] {
  const { npm, packages } = parsed(file);
  const all = npm ?? asJsonObject(asJsonObject(packages).npm);
  return Object.keys(asJsonObject(all)).flatMap((key) => {
    const [, name = key, version = ""] = /^((?:@[^/]+\/)?[^@/]+)@([^_]+)/.exec(key) ?? [];
    return locked(name, version, null);
  });
}

function locked(name: string, version: string, elsewhere: string | null): Locked[] {
  if (elsewhere !== null) return [{ name, elsewhere: elsewhere.replace(/[?#].*$/, "") }];
  return isPackageName(name) && /^\d[\w.+-]*$/.test(version)
    ? [{ subject: `${name}@${version}` }]
    : [{ name, elsewhere: "somewhere else" }];
}

// deno-lint-ignore no-explicit-any
function parsed({ path, text }: ListFile): any {
  const value = jsonOrNull(text);
  if (isJsonObject(value)) return value;
  throw new VaultError("config_invalid", `Cannot parse "${path}" as JSON`);
}
