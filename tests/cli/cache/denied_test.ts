import assert from "node:assert/strict";
import { CacheScene } from "./cache_scene.ts";

type Names = "readDir" | "readDirSync" | "lstatSync" | "openSync";

/** Whoever runs the tests may do everything: this user may not use what is below a path. */
function denyBelow(path: string): Disposable {
  const own = Deno as unknown as Record<Names, (...args: unknown[]) => unknown>;
  const names: readonly Names[] = ["readDir", "readDirSync", "lstatSync", "openSync"];
  const real = new Map(names.map((name) => [name, own[name]]));
  for (const name of names) {
    own[name] = (target, ...rest) => {
      if (!String(target).startsWith(path)) return real.get(name)!(target, ...rest);
      const verb = name.replace(/Sync$/, "").toLowerCase();
      const error = new Deno.errors.PermissionDenied(`Permission denied (os error 13): ${verb} '${target}'`);
      throw Object.assign(error, { code: "EACCES" });
    };
  }
  return {
    [Symbol.dispose]() {
      for (const [name, original] of real) own[name] = original;
    },
  };
}

const commands: readonly (readonly string[])[] = [
  ["ls"],
  ["ls", "--sort", "size"],
  ["show", "files/a"],
  ["stats"],
  ["verify"],
  ["prune", "--to", "0"],
  ["purge", "files/a"],
];

Deno.test("where this user may not read the cache, each command says so, and removes nothing", async (t) => {
  for (const folder of ["entries", "blobs"]) {
    for (const args of commands) {
      if (folder === "blobs" && args[0] === "purge") continue;
      await t.step(`${args.join(" ")}: ${folder}`, async () => {
        await using scene = new CacheScene();
        const entry = await scene.put("files/a");
        {
          using _ = denyBelow(`${scene.dir}/${folder}`);
          const { code, stdout, stderr } = await scene.run(...args);
          assert.deepEqual([code, stdout], [1, ""]);
          assert.match(
            stderr,
            new RegExp(
              `^Cannot (list|open|look at) ".*/${folder}.*": this user may not; give it the right to, or run this as `,
            ),
          );
        }
        assert.ok(Deno.statSync(scene.bodyPath(entry)).isFile);
      });
    }
  }
});

Deno.test("pins and misses that this user may not read are not taken for none", async () => {
  await using scene = new CacheScene();
  await scene.put("files/a");
  await scene.run("pin", "files/**");
  Deno.writeTextFileSync(`${scene.dir}/misses.jsonl`, "");
  using _ = denyBelow(`${scene.dir}/pins.json`);
  using _misses = denyBelow(`${scene.dir}/misses.jsonl`);
  for (const args of [["pins"], ["pin", "a"], ["unpin", "files/**"], ["purge", "files/a"], ["prune", "--to", "0"]]) {
    assert.match((await scene.run(...args)).stderr, /^Cannot .*pins\.json.*": this user may not; /, args.join(" "));
  }
  assert.match((await scene.run("misses")).stderr, /^Cannot .*misses\.jsonl": this user may not; /);
});

Deno.test("an entry that this user may not read is reported, and stays when the rest is repaired", async () => {
  await using scene = new CacheScene();
  await scene.put("files/a");
  const path = `${scene.dir}/entries/files/a~.json`;
  {
    using _ = denyBelow(path);
    const { code, stdout } = await scene.run("verify", "--repair");
    assert.equal(code, 1);
    assert.match(stdout, /a~\.json: this user may not read it\n/);
  }
  assert.ok(Deno.statSync(path).isFile);
});

/** This user may remove nothing. */
function denyRemoval(): Disposable {
  const { remove } = Deno;
  Deno.remove = () => Promise.reject(new Deno.errors.PermissionDenied("Permission denied (os error 13)"));
  return {
    [Symbol.dispose]() {
      Deno.remove = remove;
    },
  };
}

Deno.test("where this user may remove nothing, nothing is said to be removed", async () => {
  await using scene = new CacheScene();
  await scene.put("files/a");
  using _ = denyRemoval();
  for (const args of [["purge", "files/a"], ["purge", "files/a", "--json"], ["prune", "--to", "0"]]) {
    const { code, stdout, stderr } = await scene.run(...args);
    assert.deepEqual([code, stdout], [1, ""], args.join(" "));
    assert.match(stderr, /^Cannot remove [12] files? in the cache directory ".*": this user may not, or it is on a /);
  }
  assert.match((await scene.run("ls")).stdout, /files\/a\n$/);
});
