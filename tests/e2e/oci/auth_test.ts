import assert from "node:assert/strict";
import { askOci } from "../../support/oci/ask_oci.ts";
import { startBlobOrigin } from "../../support/oci/blob_origin.ts";
import { redirectBlobs } from "../../support/counting_proxy.ts";
import { canIsolate, createNetns } from "../../support/netns.ts";
import { createLargeLayer, type Image, platformOf } from "../../support/oci/image.ts";
import { createOciScene, type OciScene } from "../../support/oci/scene.ts";
import { missingPrograms } from "../../support/programs.ts";
import { pullLikeDocker } from "../../support/oci/pull_like_docker.ts";
import type { RecordingServer } from "../../support/recording_server.ts";
import { registryUser } from "../../support/oci/registry.ts";
import { createSkopeo } from "../../support/oci/skopeo.ts";
import { startTokenServer, type TokenServer } from "../../support/oci/token_server.ts";
import { testInTurn } from "../../support/thorough.ts";
import type { VaultProcess } from "../../support/vault_process.ts";
import { waitUntil } from "../../support/wait_until.ts";

const ignore = missingPrograms("docker-registry", "busybox", "openssl").length > 0;
const ignoreSkopeo = ignore || !await canIsolate("skopeo");

/** A registry that wants tokens and redirects to another origin for its blobs. `open/…` is for everybody. */
interface TokenScene extends AsyncDisposable {
  readonly scene: OciScene;
  readonly tokens: TokenServer;
  readonly blobOrigin: RecordingServer;
  /** With more keys of its backend, and an environment that these may name. Logs everything. */
  startVault(login?: Readonly<Record<string, string>>, env?: Record<string, string>): Promise<VaultProcess>;
}

async function createTokenScene(): Promise<TokenScene> {
  await using stack = new AsyncDisposableStack();
  const users = { [registryUser.username]: registryUser.password };
  const tokens = stack.use(await startTokenServer({ users, anonymous: /^open\// }));
  const scene = stack.use(await createOciScene({ auth: tokens.auth }));
  const blobOrigin = stack.use(startBlobOrigin(scene.registry.storage));
  scene.upstream.fault = redirectBlobs(blobOrigin.url);
  const resources = stack.move();
  return {
    ...{ scene, tokens, blobOrigin },
    startVault(login = {}, env = {}) {
      return scene.startVault([scene.hub({ tag_ttl: "0s", ...login })], ["--log-level", "DEBUG"], env);
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

const login = { username: "${REGISTRY_USER}", password: "${REGISTRY_PASSWORD}" };
const rightPassword = { REGISTRY_USER: registryUser.username, REGISTRY_PASSWORD: registryUser.password };
const wrongPassword = { ...rightPassword, REGISTRY_PASSWORD: "not-mellon" };

/** All that authenticated the vault, as it stood in requests. */
function secretsOf({ scene, tokens }: TokenScene): string[] {
  const sent = [...scene.upstream.requests, ...tokens.requests].map(({ headers }) => headers.get("authorization"));
  return [...new Set(sent.flatMap((value) => value === null ? [] : value.split(" ").slice(1)))];
}

function assertBlobsCameWithoutLogin({ scene, blobOrigin }: TokenScene, image: Image): void {
  const { config, layers } = platformOf(image);
  const asked = blobOrigin.requests.map(({ method, path }) => `${method} ${path}`);
  assert.deepEqual(asked.sort(), [config, ...layers].map(({ digest }) => `GET /${digest}`).sort());
  for (const { headers } of blobOrigin.requests) assert.equal(headers.get("authorization"), null);
  const registry = scene.upstream.requests.filter(({ status }) => status !== 401);
  for (const { headers } of registry) assert.match(headers.get("authorization") ?? "", /^Bearer ./);
}

testInTurn(
  { name: "a registry with tokens and redirected blobs, anonymously: the other origin sees no token", ignore },
  async () => {
    await using given = await createTokenScene();
    const { scene, tokens } = given;
    const image = await scene.publish({ message: "open" }, "open/app:1");
    await scene.publish({ message: "private" }, "private/app:1");
    await using vault = await given.startVault();
    assert.equal((await pullLikeDocker(vault.url(""), "open/app:1")).root, image.root.digest);
    assertBlobsCameWithoutLogin(given, image);
    assert.deepEqual(tokens.requests.map(({ headers }) => headers.get("authorization")), [null]);

    const { status, error } = await askOci(vault.url("/v2/private/app/manifests/1"));
    assert.deepEqual([status, error?.code], [403, "UNAUTHORIZED"]);
  },
);

testInTurn(
  { name: "20 clients pull an image with a login: one token request, and no secret in the log", ignore },
  async () => {
    await using given = await createTokenScene();
    const { scene, tokens } = given;
    const layers = [await createLargeLayer(scene.layout, 5_000_000)];
    const image = await scene.publish({ message: "private", layers }, "private/app:1");
    await using vault = await given.startVault(login, rightPassword);
    const pulls = Array.from({ length: 20 }, () => pullLikeDocker(vault.url(""), "private/app:1"));
    for (const { root } of await Promise.all(pulls)) assert.equal(root, image.root.digest);
    assertBlobsCameWithoutLogin(given, image);
    const { username, password } = registryUser;
    const authorizations = tokens.requests.map(({ headers }) => headers.get("authorization"));
    assert.deepEqual(authorizations, [`Basic ${btoa(`${username}:${password}`)}`]);

    await vault.stop();
    assert.match(vault.output, /Transfer complete/);
    const secrets = [password, ...secretsOf(given), "throw-away"];
    assert.equal(secrets.length, 4, "the password, the token, the login and the signature of the redirects");
    for (const secret of secrets) assert.ok(!vault.output.includes(secret), `the log has ${secret}`);
  },
);

testInTurn(
  { name: "skopeo pulls a private image through a vault that has the login", ignore: ignoreSkopeo },
  async () => {
    await using given = await createTokenScene();
    const image = await given.scene.publish({ message: "private" }, "private/app:1");
    await using vault = await given.startVault(login, rightPassword);
    await using netns = await createNetns();
    await netns.expose(vault.url(""));
    await using skopeo = await createSkopeo({ netns, mirrors: { "docker.io": [new URL(vault.url("")).host] } });
    const { code, stderr } = await skopeo.copy("docker.io/private/app:1");
    assert.equal(code, 0, stderr);
    assertBlobsCameWithoutLogin(given, image);
  },
);

testInTurn(
  { name: "a token in the configuration goes to its registry, and not where that redirects to", ignore },
  async () => {
    await using given = await createTokenScene();
    const { scene, tokens } = given;
    const image = await scene.publish({ message: "private" }, "private/app:1");
    const { realm, service } = tokens.auth;
    const authorization = `Basic ${btoa(`${registryUser.username}:${registryUser.password}`)}`;
    const asked = `${realm}?service=${service}&scope=repository:private/app:pull`;
    const { token } = await (await fetch(asked, { headers: { authorization } })).json();
    tokens.forget();
    await using vault = await given.startVault({ token: "${REGISTRY_TOKEN}" }, { REGISTRY_TOKEN: token });
    assert.equal((await pullLikeDocker(vault.url(""), "private/app:1")).root, image.root.digest);
    assertBlobsCameWithoutLogin(given, image);
    assert.deepEqual(tokens.lines, []);
    await vault.stop();
    assert.ok(!vault.output.includes(token));
  },
);

testInTurn(
  { name: "a wrong password is told as UNAUTHORIZED, and does not bother the token server", ignore },
  async () => {
    await using given = await createTokenScene();
    const { scene, tokens } = given;
    const image = await scene.publish({ message: "private" }, "private/app:1");
    {
      await using vault = await given.startVault(login, rightPassword);
      await pullLikeDocker(vault.url(""), "private/app:1");
    }
    tokens.forget();
    await scene.publish({ message: "new" }, "private/new:1");
    await using vault = await given.startVault(login, wrongPassword);
    const ask = () => askOci(vault.url("/v2/private/new/manifests/1"));
    for (const { status, error } of [...await Promise.all([ask(), ask(), ask()]), await ask()]) {
      assert.deepEqual([status, error?.code], [403, "UNAUTHORIZED"]);
      assert.ok(error?.message.includes(`"${tokens.url}/`), error?.message);
      assert.match(error?.message ?? "", /it refused the username and password of this registry/);
      assert.doesNotMatch(error?.message ?? "", /mellon|frodo/);
    }
    assert.equal(tokens.requests.length, 1);
    assert.equal(
      (await pullLikeDocker(vault.url(""), "private/app:1")).root,
      image.root.digest,
      "what is held is served",
    );
    await vault.stop();
    for (const secret of ["mellon", ...secretsOf(given)]) assert.ok(!vault.output.includes(secret));
  },
);

testInTurn({ name: "a token that expires in the middle of a pull is renewed once", ignore }, async () => {
  await using given = await createTokenScene();
  const { scene, tokens } = given;
  const { upstream } = scene;
  const image = await scene.publish({ message: "private" }, "private/app:1");
  await using vault = await given.startVault(login, rightPassword);
  // The registry lets a token pass for 60 s more than it says: this one for a second or two.
  tokens.lifetimeSeconds = -58;
  const { manifest, config, layers } = platformOf(image);
  assert.equal((await askOci(vault.url(`/v2/private/app/manifests/${manifest.digest}`))).status, 200);
  const authorization = upstream.requests.at(-1)!.headers.get("authorization")!;
  const tag = `${upstream.url}/v2/private/app/manifests/1`;
  await waitUntil("the token has expired", async () => {
    return (await askOci(tag, { method: "HEAD", headers: { authorization } })).status === 401;
  });

  tokens.lifetimeSeconds = 300;
  tokens.forget();
  const blobs = [config, ...layers];
  const answers = await Promise.all(blobs.map(({ digest }) => askOci(vault.url(`/v2/private/app/blobs/${digest}`))));
  assert.deepEqual(answers.map(({ size }) => size), blobs.map(({ size }) => size));
  assert.equal(tokens.requests.length, 1);
});
