import { readHead, readShards } from "../../bundle/read_bundle.ts";
import { loadConfig } from "../../config/load.ts";
import { entryName } from "../../inventory/entry_name.ts";
import { shownBytes } from "../../observe/shown_bytes.ts";
import type { Action } from "../command.ts";
import { directoryOptions, loadOptionsOf } from "../config_options.ts";
import type { Io } from "../io.ts";
import { shownLine } from "../../observe/shown_text.ts";
import { shownDate, shownLength } from "../../observe/shown_time.ts";
import { cell, TableWriter } from "../table.ts";
import { trustOf, trustOption } from "./common_options.ts";
import { describeSigned } from "./describe_signed.ts";
import { withBundle } from "./open_bundle.ts";
import type { Fact } from "../../bundle/fact.ts";

/** Lists what is in a bundle. */
export const ls: Action = {
  name: "ls",
  summary: "List what is in a bundle, without reading its bodies",
  examples: ["artifact-vault bundle ls bundle.tar", "artifact-vault bundle ls bundle.tar --json"],
  operands: { usage: "IN", help: "a bundle, as for bundle import", least: 1, most: 1 },
  options: { ...directoryOptions, ...trustOption, json: { help: "One JSON object a line" } },
  async run(given, io) {
    const { operands: [path = ""], values } = given;
    const trust = await trustOf(given, await loadConfig(loadOptionsOf(values, io)));
    await withBundle(path, { verb: "list" }, async (source) => {
      const head = await readHead(source, trust);
      const { id, created, images } = head.index;
      io.stderr(`Bundle ${id} of ${shownDate(created)}\n${describeSigned(head)}`);
      const write = values.json ? jsonWriter(io) : tableWriter(io);
      for (const { name, sizeBytes } of images) {
        io.stderr(`Image ${shownLine(name)} (manifest of ${shownBytes(sizeBytes)})\n`);
      }
      for await (const { facts } of readShards(source, head.index)) facts.forEach(write);
    });
    return 0;
  },
};

function jsonWriter(io: Io): (fact: Fact) => void {
  return ({ entry, bodyIn }) => {
    const { sizeBytes: size, sha256, storedAt, url } = entry;
    const stored = new Date(storedAt).toISOString();
    io.stdout(`${JSON.stringify({ name: entryName(entry), size, stored, sha256, url, bodyIn })}\n`);
  };
}

function tableWriter(io: Io): (fact: Fact) => void {
  const table = new TableWriter([
    { title: "SIZE", side: "right", width: 10 },
    { title: "STORED", side: "right", width: 8 },
    { title: "BODY", width: 9 },
    { title: "NAME" },
  ], io);
  const now = Date.now();
  return ({ entry, bodyIn }) =>
    table.row([
      { shown: shownBytes(entry.sizeBytes), plain: entry.sizeBytes },
      { shown: shownLength(now - entry.storedAt), plain: new Date(entry.storedAt).toISOString() },
      cell(bodyIn === null ? "here" : "elsewhere"),
      cell(entryName(entry)),
    ]);
}
