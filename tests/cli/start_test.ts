import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { cacheDirWarning, prepareCacheDir } from "../../src/cli/cache_dir.ts";
import { checkInputFiles, readTls, throwTogether, tlsWarning } from "../../src/cli/input_files.ts";
import { listen } from "../../src/cli/listen.ts";
import { loadConfig } from "../../src/config/load.ts";
import { configSchema } from "../../src/configuration.ts";
import { foreignFilesWarning } from "../../src/store/unreadable.ts";
import { createTempDir } from "../support/temp_dir.ts";

const tlsFile = (name: string) => new URL(`../support/tls/${name}`, import.meta.url).pathname;

function configOf(...lines: string[]) {
  const text = ["http_port: 0", ...lines, "backends: [{type: http, name: a, config: {base_url: https://a.example}}]"];
  return loadConfig({ schema: configSchema, text: text.join("\n"), env: () => undefined });
}

Deno.test("the cache directory is created with all above it, and nothing is left in it", async () => {
  await using dir = await createTempDir();
  const path = dir.join("one", "two");
  await prepareCacheDir(path);
  await prepareCacheDir(path);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(path)), []);
});

Deno.test("a cache directory that others may enter is named, with what to do", async () => {
  await using dir = await createTempDir();
  await prepareCacheDir(dir.join("new"));
  assert.equal(cacheDirWarning(dir.join("new")), null);
  await Deno.mkdir(dir.join("old"));
  await Deno.chmod(dir.join("old"), 0o755);
  assert.match(cacheDirWarning(dir.join("old"))!, /may enter .*\/old" \(mode 0755\).*: chmod -R go= ".*\/old"$/);
  assert.equal(Deno.statSync(dir.join("old")).mode! & 0o777, 0o755, "it is not changed silently");
});

Deno.test("files of another user in the cache directory are reported at start, with what to do", async () => {
  await using dir = await createTempDir();
  assert.equal(await foreignFilesWarning(dir.path), null);
  await Deno.mkdir(dir.join("entries/files"), { recursive: true });
  await Deno.writeTextFile(dir.join("entries/files/a~.json"), "{}");
  assert.equal(await foreignFilesWarning(dir.path), null);

  const seen: string[] = [];
  const children: Record<string, string> = { entries: "files", "entries/files": "a~.json", blobs: "sha256" };
  const lookUntil = (denied: string) => (path: string) => {
    const name = path.slice(dir.path.length + 1);
    seen.push(name);
    return name === denied
      ? Promise.reject(new Deno.errors.PermissionDenied())
      : Promise.resolve(children[name] ?? null);
  };
  for (const denied of ["staging", "entries/files/a~.json", "blobs/sha256"]) {
    const warning = await foreignFilesWarning(dir.path, lookUntil(denied));
    assert.equal(
      warning,
      `This user may not read "${dir.join(denied)}", which counts as missing, and so may much else in the cache ` +
        `directory. Everything there has to belong to the user of the vault: chown -R USER "${dir.path}"`,
    );
    assert.equal(seen.at(-1), denied);
  }
});

Deno.test("a cache directory that is a file says so", async () => {
  await using dir = await createTempDir();
  await Deno.writeTextFile(dir.join("file"), "");
  for (const path of [dir.join("file"), dir.join("file", "below")]) {
    await assert.rejects(prepareCacheDir(path), {
      code: "storage_failed",
      message: `Cannot create the cache directory "${path}": there is a file in its place or on the way to it; ` +
        "remove it, or name another directory with --cache-dir or cache_dir",
    });
  }
});

Deno.test("a cache directory that cannot be written names the flag or the remedy", {
  permissions: { read: true, write: false },
}, async () => {
  await assert.rejects(prepareCacheDir("./cache"), {
    code: "permission_missing",
    message: 'Not permitted to write to "./cache": start Deno with --allow-write=./cache',
  });
});

Deno.test("certificate, key and authorities are read at start, and a wrong one is named", async () => {
  await using dir = await createTempDir();
  await Deno.writeTextFile(dir.join("other.txt"), "nothing");
  const [cert, key, other] = [tlsFile("localhost.pem"), tlsFile("localhost.key"), dir.join("other.txt")];

  assert.equal(await readTls(await configOf()), null);
  assert.match((await readTls(await configOf(`tls: {cert: ${cert}, key: ${key}}`)))?.key ?? "", /PRIVATE KEY/);
  await checkInputFiles(await configOf(`ca: [${tlsFile("ca.pem")}]`));

  await assert.rejects(readTls(await configOf(`tls: {cert: ${other}, key: ${key}}`)), {
    message: `Cannot use "${other}" as tls.cert: it holds no certificate in PEM form`,
  });
  await assert.rejects(readTls(await configOf(`tls: {cert: ${cert}, key: ${cert}}`)), {
    message: `Cannot use "${cert}" as tls.key: it holds no private key in PEM form`,
  });
  const pair = (key: string) => configOf(`tls: {cert: ${cert}, key: ${key}}`);
  const otherKey = crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
  await Deno.writeTextFile(
    dir.join("other.key"),
    pemOf(await crypto.subtle.exportKey("pkcs8", (await otherKey).privateKey)),
  );
  await assert.rejects(readTls(await pair(dir.join("other.key"))), {
    message: `Cannot use "${dir.join("other.key")}" as tls.key: the certificate in "${cert}" was made for another key`,
  });
  await Deno.writeTextFile(dir.join("damaged.key"), pemOf(new ArrayBuffer(10)));
  await assert.rejects(
    readTls(await pair(dir.join("damaged.key"))),
    /damaged\.key" as tls\.key: it is damaged, or of a kind/,
  );
  await Deno.writeTextFile(
    dir.join("locked.key"),
    pemOf(new ArrayBuffer(10)).replaceAll("PRIVATE", "ENCRYPTED PRIVATE"),
  );
  await assert.rejects(readTls(await pair(dir.join("locked.key"))), /it is protected by a passphrase/);
  const whole = await Deno.readTextFile(cert);
  const ends: [string, RegExp][] = [
    [whole.slice(0, whole.length / 2), /its certificate has no end/],
    [`${whole}${whole.slice(0, whole.length / 2)}`, /it is damaged, or of a kind/],
    [`${whole}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`, /it is damaged, or of a kind/],
  ];
  for (const [text, problem] of ends) {
    await Deno.writeTextFile(dir.join("cut.pem"), text);
    await assert.rejects(readTls(await configOf(`tls: {cert: ${dir.join("cut.pem")}, key: ${key}}`)), problem, text);
  }
  const both = dir.join("both.pem");
  await Deno.writeTextFile(both, `${await Deno.readTextFile(key)}${whole}`);
  const together = await configOf(`tls: {cert: ${both}, key: ${key}}`);
  assert.equal(tlsWarning(together, await readTls(together), Date.parse(new X509Certificate(whole).validFrom)), null);
  await assert.rejects(checkInputFiles(await configOf("ca: [/nonexistent/ca.pem]")), {
    message: 'Cannot use "/nonexistent/ca.pem" as ca: there is no such file',
  });
});

for (const name of ["rsa1024", "secp256k1"]) {
  Deno.test(`a certificate with a key that TLS does not take is no certificate: ${name}`, async () => {
    const [cert, key] = [tlsFile(`${name}.pem`), tlsFile(`${name}.key`)];
    await assert.rejects(readTls(await configOf(`tls: {cert: ${cert}, key: ${key}}`)), {
      message:
        `Cannot use "${key}" as tls.key: no TLS is possible with a key of its kind; make one of RSA with 2,048 ` +
        "bits or more, of EC P-256, P-384 or P-521, or Ed25519",
    });
  });
}

Deno.test("all files that cannot be used are named at once", async () => {
  await using dir = await createTempDir();
  await Deno.writeTextFile(dir.join("file"), "");
  const config = await configOf(
    `tls: {cert: ${dir.join("cert")}, key: ${dir.join("key")}}`,
    `ca: [${dir.join("ca1")}, ${dir.join("ca2")}]`,
  );
  const checks = [() => prepareCacheDir(dir.join("file")), () => checkInputFiles(config)];
  const failed = await throwTogether(checks).then(() => assert.fail(), (error: Error) => error.message.split("\n"));
  const missing = (name: string, key: string) => `Cannot use "${dir.join(name)}" as ${key}: there is no such file`;
  assert.match(failed[0]!, /^Cannot create the cache directory/);
  assert.deepEqual(failed.slice(1), [missing("cert", "tls.cert"), missing("ca1", "ca"), missing("ca2", "ca")]);
});

Deno.test("a certificate that TLS does not take, or not for long, is reported at start", async () => {
  const [cert, key] = [tlsFile("version1.pem"), tlsFile("version1.key")];
  await assert.rejects(readTls(await configOf(`tls: {cert: ${cert}, key: ${key}}`)), {
    message: `Cannot use "${cert}" as tls.cert: it is not of X.509 version 3; one that is signed with a ` +
      "subjectAltName is",
  });
  const config = await configOf(`tls: {cert: ${tlsFile("localhost.pem")}, key: ${tlsFile("localhost.key")}}`);
  const pair = await readTls(config);
  const { validFrom, validTo } = new X509Certificate(pair!.cert);
  const [from, to] = [Date.parse(validFrom), Date.parse(validTo)];
  const day = 24 * 3600_000;
  const said = (now: number) => tlsWarning(config, pair, now)?.replace(/\d{4}-\d\d-\d\d/, "DATE") ?? null;
  const about = (what: string) =>
    `The certificate "${tlsFile("localhost.pem")}" ${what}. Clients refuse it then, and the log does not show that`;
  assert.equal(said(from), null);
  assert.equal(said(to - 14 * day), null);
  assert.equal(said(from - 1), about("is not valid before DATE"));
  assert.equal(said(to - 14 * day + 1), about("expires on DATE"));
  assert.equal(said(to), about("expired on DATE"));
  assert.equal(tlsWarning(await configOf(), null), null);
});

function pemOf(key: ArrayBuffer): string {
  return `-----BEGIN PRIVATE KEY-----\n${new Uint8Array(key).toBase64()}\n-----END PRIVATE KEY-----\n`;
}

const handler = () => new Response("here");

Deno.test("a port in use is one sentence that says what to do", async () => {
  const { server, url } = listen(handler, { config: await configOf(), tls: null });
  assert.equal(await (await fetch(url)).text(), "here");
  const config = { ...await configOf(), http_port: server.addr.port };
  assert.throws(() => listen(handler, { config, tls: null }), {
    message: `Cannot listen on 127.0.0.1:${config.http_port}: the port is in use; ` +
      "stop the program that holds it, or choose another one with --port",
  });
  await server.shutdown();
});

Deno.test("an address of another machine, a missing permission and a broken certificate are told apart", async () => {
  const elsewhere = await configOf("http_host: 192.0.2.1");
  assert.throws(() => listen(handler, { config: elsewhere, tls: null }), /this machine has no such address.*--host/);
  const broken = await configOf("tls: {cert: c.pem, key: k.pem}");
  const tls = { cert: "-----BEGIN CERTIFICATE-----\n", key: "-----BEGIN PRIVATE KEY-----\n" };
  assert.throws(
    () => listen(handler, { config: broken, tls }),
    /"c.pem" and "k.pem" are not a certificate and its key/,
  );
});

Deno.test("listening without the permission names the flag", { permissions: { net: false } }, async () => {
  const config = await configOf();
  assert.throws(() => listen(handler, { config, tls: null }), {
    code: "permission_missing",
    message: 'Not permitted to use the network address "127.0.0.1:0": start Deno with --allow-net=127.0.0.1:0',
  });
});

Deno.test("with certificate and key the server speaks TLS", async () => {
  const config = await configOf(`tls: {cert: ${tlsFile("localhost.pem")}, key: ${tlsFile("localhost.key")}}`);
  const { server, url, renewTls } = listen(handler, { config, tls: await readTls(config) });
  using client = Deno.createHttpClient({
    poolMaxIdlePerHost: 0,
    caCerts: [await Deno.readTextFile(tlsFile("ca.pem"))],
  });
  const ask = async () => await (await fetch(`https://localhost:${server.addr.port}/`, { client })).text();
  assert.equal(await ask(), "here");
  const [cert, key] = [tlsFile("secp256k1.pem"), tlsFile("secp256k1.key")].map((path) => Deno.readTextFileSync(path));
  assert.throws(() => renewTls({ cert: cert!, key: key! }), "no server can be opened with it");
  assert.equal(await ask(), "here", "the one that there was stays");
  assert.match(url, /^https:\/\/127\.0\.0\.1:\d+$/);
  await server.shutdown();
});
