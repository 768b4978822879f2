import assert from "node:assert/strict";
import { readSecret, SecretFile } from "../../src/key_files/secret_file.ts";
import type { Log } from "../../src/observe/log.ts";
import { createTempDir } from "../support/temp_dir.ts";

const contents: readonly (readonly [name: string, text: string, secret: string])[] = [
  ["without a line end", "hunter2", "hunter2"],
  ["the line end is dropped", "hunter2\n", "hunter2"],
  ["also that of Windows", "hunter2\r\n", "hunter2"],
  ["spaces belong to it", " pa ss \n", " pa ss "],
  ["a byte order mark does not", "\ufeffhunter2", "hunter2"],
  ["letters beyond ASCII", "pässword\n", "pässword"],
];

for (const [name, text, secret] of contents) {
  Deno.test(`a secret in a file: ${name}`, async () => {
    await using dir = await createTempDir();
    await Deno.writeTextFile(dir.join("secret"), text);
    assert.equal(readSecret(dir.join("secret")), secret);
  });
}

const unusable: readonly (readonly [name: string, text: string, reason: RegExp])[] = [
  ["empty", "", /: it is empty$/],
  ["a line end only", "\n", /: it is empty$/],
  ["several lines", "hunter2\nmore\n", /: it has more than one line; only the secret may stand in it$/],
  ["large", "x".repeat(65 * 1024), /: it has more than 64 KiB, which no secret has$/],
];

for (const [name, text, reason] of unusable) {
  Deno.test(`a file that holds no secret: ${name}`, async () => {
    await using dir = await createTempDir();
    await Deno.writeTextFile(dir.join("secret"), text);
    assert.throws(() => readSecret(dir.join("secret")), (error: Error & { code: string }) => {
      assert.equal(error.code, "storage_failed");
      assert.match(error.message, reason);
      assert.doesNotMatch(error.message, /hunter2/);
      return true;
    });
  });
}

Deno.test("a secret's file that is missing, or a folder, says so", async () => {
  await using dir = await createTempDir();
  assert.throws(() => readSecret(dir.join("none")), {
    message: `Cannot read a secret from "${dir.join("none")}": there is no such file`,
  });
  assert.throws(() => readSecret(dir.path), /it is not a regular file$/);
});

Deno.test("without the permission to read a secret the flag is named", { permissions: { read: false } }, () => {
  assert.throws(() => readSecret("/run/secrets/hub"), {
    code: "permission_missing",
    message: 'Not permitted to read "/run/secrets/hub": start Deno with --allow-read=/run/secrets/hub',
  });
});

/** A file that is looked at, with a clock and a log of its own. */
function watch(path: string) {
  const lines: string[] = [];
  const record = (level: string) => (message: string) =>
    void lines.push(`${level} ${message.replaceAll(path, "FILE")}`);
  const log: Log = {
    debugs: true,
    debug: record("DEBUG"),
    info: record("INFO"),
    warning: record("WARNING"),
    error: record("ERROR"),
  };
  const clock = { now: 0 };
  return { clock, lines, file: new SecretFile(path, { log, now: () => clock.now }) };
}

Deno.test("a file is looked at again after two seconds, not before", async () => {
  await using dir = await createTempDir();
  await Deno.writeTextFile(dir.join("secret"), "one");
  const { file, clock, lines } = watch(dir.join("secret"));
  await Deno.writeTextFile(dir.join("secret"), "another");
  clock.now = 1999;
  assert.equal(file.current(), "one");
  clock.now = 2000;
  assert.equal(file.current(), "another");
  assert.deepEqual(lines, ['INFO The secret in "FILE" has changed']);
});

Deno.test("a symbolic link that is turned, as Kubernetes does it, is another secret", async () => {
  await using dir = await createTempDir();
  for (const version of ["1", "2"]) {
    await Deno.mkdir(dir.join(version));
    await Deno.writeTextFile(dir.join(version, "token"), `token-${version}`);
    // Nothing tells the two apart but which file it is.
    await Deno.utime(dir.join(version, "token"), 1000, 1000);
  }
  await Deno.symlink("1", dir.join("..data"));
  await Deno.symlink("..data/token", dir.join("token"));
  const { file, clock } = watch(dir.join("token"));
  assert.equal(file.current(), "token-1");
  await Deno.symlink("2", dir.join("..new"));
  await Deno.rename(dir.join("..new"), dir.join("..data"));
  clock.now = 2000;
  assert.equal(file.current(), "token-2");
});

Deno.test("while a file cannot be used its last secret stays, and one warning says why", async () => {
  await using dir = await createTempDir();
  const path = dir.join("secret");
  await Deno.writeTextFile(path, "one");
  const { file, clock, lines } = watch(path);
  const look = () => {
    clock.now += 2000;
    return file.current();
  };
  await Deno.writeTextFile(path, "");
  assert.deepEqual([look(), look(), file.reread()], ["one", "one", "one"]);
  await Deno.remove(path);
  assert.deepEqual([look(), look()], ["one", "one"]);
  await Deno.writeTextFile(path, "two");
  assert.deepEqual([look(), look()], ["two", "two"]);
  const stays = "; the secret from before stays in use";
  assert.deepEqual(lines, [
    `WARNING Cannot read a secret from "FILE": it is empty${stays}`,
    `WARNING Cannot read a secret from "FILE": there is no such file${stays}`,
    'INFO The secret in "FILE" has changed',
  ]);
});

Deno.test("asked to, a file is read also where it looks unchanged", async () => {
  await using dir = await createTempDir();
  const path = dir.join("secret");
  const write = async (secret: string) => {
    await Deno.writeTextFile(path, secret);
    await Deno.utime(path, 1000, 1000);
  };
  await write("one");
  const { file, clock } = watch(path);
  await write("two");
  clock.now = 2000;
  assert.equal(file.current(), "one", "nothing shows that it is another");
  assert.equal(file.reread(), "two");
  assert.equal(file.current(), "two");
});
