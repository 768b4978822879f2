import { VaultError } from "../../errors.ts";
import type { FormLine, ListFile, ListForm, ListReading } from "../../warming.ts";
import { parseRequirement } from "./requirement.ts";

/** Nobody nests files as deep: then they name each other. */
const deepest = 20;

/** Matches the options of pip that stand in such a file with other files, or with hashes. */
const fileOption = /^(?:-([rc])|--(requirement|constraint))[ =]?\s*(.+)$/;
const hashOption = /--hash[= ]\s*(\w+:[0-9a-fA-F]+)/g;

/** Files of requirements, as pip reads them. */
export const requirementsFiles: ListForm = {
  name: "requirements.txt",
  isForm({ path, text }) {
    const lines = logicalLines(text).map(({ line }) => line);
    if (lines.length === 0) return false;
    return /(?:requirements|constraints)[^/\\]*\.(?:txt|in)$/i.test(path) || lines.every(isRequirementLine);
  },
  async linesOf(file, reading) {
    const read = new Reading(reading);
    await read.file(file, 0, false);
    return read.lines();
  },
};

/** A plain name alone might be a line of any list: some line has to have a version. */
function isRequirementLine(line: string, _at: number, all: readonly string[]): boolean {
  if (!all.some((one) => /[=<>!~]=|^-[rc]\s|^--hash/.test(one))) return false;
  return line.startsWith("-") || parseRequirement(line.replace(hashOption, "")) !== null;
}

class Reading {
  readonly #reading: ListReading;
  readonly #wanted: FormLine[] = [];
  readonly #constraints = new Map<string, string[]>();

  constructor(reading: ListReading) {
    this.#reading = reading;
  }

  async file(file: ListFile, depth: number, constrains: boolean): Promise<void> {
    if (depth > deepest) throw new VaultError("config_invalid", `"${file.path}" and others include each other`);
    for (const { line, number } of logicalLines(file.text)) {
      const [, short, long, path] = fileOption.exec(line) ?? [];
      if (path === undefined) this.#line(line, { at: `${file.path}:${number}`, constrains });
      else {
        const isConstraint = short === "c" || long === "constraint";
        await this.file(await this.#reading.open(path.trim(), file), depth + 1, constrains || isConstraint);
      }
    }
  }

  /** The lines of a list, with what constraints say of each project. */
  lines(): readonly FormLine[] {
    return this.#wanted.map(({ text, at }) => {
      const [, project = ""] = /^pypi:([a-z0-9-]+)/.exec(text) ?? [];
      const constraints = this.#constraints.get(project) ?? [];
      if (constraints.length === 0) return { text, at };
      const [first, ...rest] = text.split(" ");
      const separator = first === `pypi:${project}` ? "" : ",";
      return { text: [first + separator + constraints.join(","), ...rest].join(" "), at };
    });
  }

  #line(line: string, { at, constrains }: { readonly at: string; readonly constrains: boolean }): void {
    const { note } = this.#reading;
    const editable = /^(?:-e|--editable)[ =]/.test(line);
    if (line.startsWith("-")) {
      if (editable) note(`"${line}" is left out: what is installed from a folder or a repository is not on an index`);
      else {note(
          `"${line.split(/[ =]/, 1)[0]}" is for pip alone: the configuration of the vault says where packages are`,
        );}
      return;
    }
    const hashes = [...line.matchAll(hashOption)].map(([, hash]) => hash!.toLowerCase());
    const requirement = parseRequirement(line.replace(hashOption, "").trim());
    if (requirement === null) return note(`"${line}" is left out: it is neither a requirement nor on an index`);
    const { project, specifiers, url, marker } = requirement;
    if (marker !== "") {
      note("conditions such as python_version are not looked at: what they are about is fetched anyway");
    }
    if (constrains) {
      if (specifiers !== "") this.#constraints.set(project, [...this.#constraints.get(project) ?? [], specifiers]);
    } else this.#wanted.push({ text: url ?? [`pypi:${project}${specifiers}`, ...hashes].join(" "), at });
  }
}

interface LogicalLine {
  readonly line: string;
  /** That of its first line in the file, from 1. */
  readonly number: number;
}

/** Lines without comments; one that ends with a backslash goes on in the next. */
function logicalLines(text: string): LogicalLine[] {
  const lines: LogicalLine[] = [];
  let number = 1;
  for (const whole of text.replace(/\r\n/g, "\n").split(/(?<!\\)\n/)) {
    const pieces = whole.split("\\\n");
    const line = pieces.join(" ").replace(/(?:^|\s)#.*$/, "").trim();
    if (line !== "") lines.push({ line, number });
    number += pieces.length;
  }
  return lines;
}
