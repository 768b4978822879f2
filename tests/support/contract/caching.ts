import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { RawAnswer } from "../raw_client.ts";
import type { AddPromise } from "./backend_contract.ts";
import { assertVersion, pathsOf } from "./scene.ts";

const clientCount = 20;

/** Hits and misses, one fetch for many, revalidation, HEAD, conditions and ranges. */
export function promiseCaching(promise: AddPromise): void {
  promise("a miss, then hits with the same bytes that ask upstream nothing", async (scene) => {
    await using vault = await scene.start({ backend: scene.specimen.freshFor("1h") });
    for (const path of pathsOf(scene.specimen)) {
      const miss = await vault.read(path);
      assert.deepEqual([miss.status, miss.complete], [200, true], miss.text);
      assert.match(cacheStatus(miss), /^vault; fwd=/);
      const asked = scene.upstream.requests.length;
      const hit = await vault.ask(path);
      assert.match(cacheStatus(hit), /^vault; hit/);
      assert.ok(Buffer.compare(hit.body, miss.body) === 0);
      assert.equal(scene.upstream.requests.length, asked);
      await vault.app.logged(
        new RegExp(`^INFO cache hit specimen \\S*${RegExp.escape(path)} 200 ${hit.body.length} bytes`),
      );
    }
    const file = await vault.ask(scene.specimen.file.path);
    assert.ok(Buffer.compare(file.body, scene.specimen.file.bytes) === 0);
    assertVersion(await vault.ask(scene.specimen.document.path), "one");
  });

  promise(`${clientCount} clients at once, one upstream GET`, async (scene) => {
    const { file, document } = scene.specimen;
    await using vault = await scene.start({ backend: scene.specimen.freshFor("1h") });
    const documentHold = scene.upstream.hold(document.target);
    const documents = Array.from({ length: clientCount }, () => vault.ask(document.path));
    await documentHold.reached;
    documentHold.release();
    for (const answer of await Promise.all(documents)) assertVersion(answer, "one");
    assert.equal(scene.upstream.count(document.target, "GET"), 1);

    const hold = scene.upstream.hold(file.target, 1000);
    const clients = await Promise.all(Array.from({ length: clientCount }, () => vault.open(file.path)));
    await Promise.all(clients.map((client) => client.readSome()));
    hold.release();
    for (const answer of await Promise.all(clients.map((client) => client.answer()))) {
      assert.ok(answer.complete && Buffer.compare(answer.body, file.bytes) === 0);
    }
    for (const client of clients) client[Symbol.dispose]();
    assert.equal(scene.upstream.count(file.target, "GET"), 1);
  });

  promise("a stale document is revalidated without its body, and a new version is served at once", async (scene) => {
    const { document, file } = scene.specimen;
    await using vault = await scene.start();
    await vault.read(file.path);
    await vault.read(document.path);
    const { requests } = scene.upstream;
    const [asked, sent, files] = [requests.length, scene.upstream.sentBytes, scene.upstream.count(file.target)];
    assertVersion(await vault.read(document.path), "one");
    assert.ok(requests.length > asked, "upstream is asked");
    assert.equal(scene.upstream.sentBytes, sent);
    scene.publish("two");
    assertVersion(await vault.read(document.path), "two");
    await vault.read(file.path);
    assert.equal(scene.upstream.count(file.target), files, "the file never changes");
  });

  promise("HEAD has the headers of GET and no body, also on a miss", async (scene) => {
    for (const path of pathsOf(scene.specimen)) {
      await using vault = await scene.start({ backend: scene.specimen.freshFor("1h") });
      const first = await vault.read(path, { method: "HEAD" });
      const get = await vault.read(path);
      const later = await vault.ask(path, { method: "HEAD" });
      for (const head of [first, later]) {
        assert.deepEqual([head.status, head.body.length, head.complete], [200, 0, true]);
        assert.equal(head.headers.get("content-type"), get.headers.get("content-type"));
      }
      const hit = await vault.ask(path);
      assert.deepEqual(stableHeaders(later), stableHeaders(hit));
      assert.equal(later.headers.get("content-length"), String(get.body.length));
    }
  });

  promise("a client that has the newest version gets 304 without a body", async (scene) => {
    await using vault = await scene.start({ backend: scene.specimen.freshFor("1h") });
    for (const path of pathsOf(scene.specimen)) {
      const { headers } = await vault.read(path);
      const [etag, lastModified] = [headers.get("etag"), headers.get("last-modified")];
      const condition = etag === null ? { "if-modified-since": lastModified! } : { "if-none-match": etag };
      for (const method of ["GET", "HEAD"]) {
        const answer = await vault.ask(path, { method, headers: condition });
        assert.deepEqual([answer.status, answer.body.length, answer.complete], [304, 0, true], path);
        assert.equal(answer.headers.get("etag"), etag);
      }
    }
  });

  promise("ranges of a file, from the cache and on a miss", async (scene) => {
    const { path, bytes } = scene.specimen.file;
    const { length } = bytes;
    await using vault = await scene.start();
    const ranges: [range: string, start: number, end: number][] = [
      ["bytes=1000-1999", 1000, 2000],
      [`bytes=${length - 10}-`, length - 10, length],
      ["bytes=-5", length - 5, length],
    ];
    for (const [range, start, end] of [...ranges, ...ranges]) {
      const answer = await vault.read(path, { headers: { range } });
      assert.deepEqual([answer.status, answer.complete], [206, true], answer.text);
      assert.equal(answer.headers.get("content-range"), `bytes ${start}-${end - 1}/${length}`);
      assert.ok(Buffer.compare(answer.body, bytes.subarray(start, end)) === 0);
    }
    const beyond = await vault.ask(path, { headers: { range: `bytes=${length}-` } });
    assert.deepEqual([beyond.status, beyond.headers.get("content-range")], [416, `bytes */${length}`]);
    const other = await vault.ask(path, { headers: { "range": "bytes=0-9", "if-range": '"another version"' } });
    assert.deepEqual([other.status, other.body.length], [200, length]);
  });

  promise("another process serves what this one has stored, without asking upstream", async (scene) => {
    const backend = scene.specimen.freshFor("1h");
    const before: RawAnswer[] = [];
    {
      await using vault = await scene.start({ backend });
      for (const path of pathsOf(scene.specimen)) before.push(await vault.read(path));
    }
    const asked = scene.upstream.requests.length;
    await using vault = await scene.start({ backend });
    for (const [index, path] of pathsOf(scene.specimen).entries()) {
      const after = await vault.ask(path);
      assert.match(cacheStatus(after), /^vault; hit/);
      assert.ok(Buffer.compare(after.body, before[index]!.body) === 0);
      assert.equal(after.headers.get("etag"), before[index]!.headers.get("etag"));
    }
    assert.equal(scene.upstream.requests.length, asked);
  });
}

function cacheStatus({ headers }: RawAnswer): string {
  return headers.get("cache-status") ?? "";
}

/** Those that two answers of the same stored copy have alike. */
function stableHeaders({ headers }: RawAnswer): [string, string][] {
  const changing = ["age", "cache-status", "date", "x-request-id"];
  return [...headers].filter(([name]) => !changing.includes(name));
}
