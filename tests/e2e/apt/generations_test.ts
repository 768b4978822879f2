import assert from "node:assert/strict";
import type { AptGet } from "../../support/apt/get.ts";
import type { Generation } from "../../support/apt/repository.ts";
import { aptPrograms, createAptScene } from "../../support/apt/scene.ts";
import { type Forwarder, startForwarder } from "../../support/forwarder.ts";
import { missingPrograms } from "../../support/programs.ts";
import { isOwnMachine, testInTurn } from "../../support/thorough.ts";

const ignore = missingPrograms(...aptPrograms).length > 0;
/** In each of two kinds of repository. */
const rounds = isOwnMachine ? 25 : 5;
/** New ones; one more has the generation before. */
const newClients = 2;

/** What upstream does before the clients go on, and after. */
const courses: [string, (generation: Generation) => Promise<void>, (generation: Generation) => Promise<void>][] = [
  ["changes as a whole", placeAll, () => Promise.resolve()],
  ["has its new indexes", (next) => next.placeIndexes(), (next) => next.placeRelease()],
  ["has its new release", (next) => next.placeRelease(), (next) => next.placeIndexes()],
];

for (const acquireByHash of [true, false]) {
  const name = `${rounds} times ${acquireByHash ? "by hash" : "by path"}: the repository changes between a client's ` +
    "InRelease and its indexes, and no update fails";
  testInTurn({ name, ignore }, async () => {
    await using scene = await createAptScene();
    const { repository } = scene;
    const prepare = (round: number) => repository.prepare({ packages: { foo: `${round}.0` }, acquireByHash });
    await placeAll(await prepare(0));
    await using vault = await scene.startVault();
    await using queue = new Queue(vault.url(""), newClients + 1);
    const regular = await scene.createApt("regular", `${queue.url}/debian`);
    const other = await scene.createApt("other", vault.url("/debian"));
    // Indexes that nobody has asked for so far would not be there for those who wait.
    await other.update();
    for (let round = 1; round <= rounds; round++) {
      const [course, before, after] = courses[round % courses.length]!;
      const next = await prepare(round);
      const created = Array.from({ length: newClients }, (_, nth) => {
        return scene.createApt(`client-${round}-${nth}`, `${queue.url}/debian`);
      });
      const clients = [regular, ...await Promise.all(created)];
      const updates = Promise.all(clients.map((apt) => apt.update()));
      // A client that fails before it comes to the gate would be waited for without end.
      await Promise.race([queue.full(), updates]);
      await before(next);
      // Another client makes the vault look at what upstream has while they wait.
      await other.update();
      queue.letGo();
      await updates;
      for (const apt of clients) assert.equal(await versionOf(apt), `${round - 1}.0`, `upstream ${course}`);
      await after(next);
      await other.update();
      assert.equal(await versionOf(other), `${round}.0`, `the newest, after upstream ${course}`);
    }
  });
}

testInTurn({ name: "within ttl a release is fresh; the log says why an old one stays", ignore }, async () => {
  await using scene = await createAptScene();
  const { repository, upstream } = scene;
  await repository.publish({ packages: { foo: "1.0" } });
  await using vault = await scene.startVault([], { ttl: "1s" });
  const apt = await scene.createApt("client", vault.url("/debian"));
  await apt.update();
  const next = await repository.prepare({ packages: { foo: "2.0" } });
  await next.placeRelease();
  const updateUntil = async (seen: () => boolean | Promise<boolean>) => {
    do await apt.update(); while (!await seen());
  };
  await updateUntil(() => /stays what it is, since the new one is not whole yet/.test(vault.output));
  assert.equal(await versionOf(apt), "1.0");
  await next.placeIndexes();
  await updateUntil(async () => await versionOf(apt) === "2.0");
  upstream.forget();
  await Promise.all(Array.from({ length: 3 }, async (_, nth) => {
    const other = await scene.createApt(`other-${nth}`, vault.url("/debian"));
    await other.update();
    assert.equal(await versionOf(other), "2.0");
  }));
  const releases = upstream.count("GET", /InRelease$/);
  assert.ok(releases <= 1, `${releases} requests in less than two seconds`);
});

async function placeAll(generation: Generation): Promise<void> {
  await generation.placeIndexes();
  await generation.placeRelease();
}

/** The version of the one package that there is, as far as a client knows. */
async function versionOf(apt: AptGet): Promise<string> {
  const [, version = "none"] = /^Version: (.+)$/m.exec((await apt.lists()).join("\n")) ?? [];
  return version;
}

/** Has clients that want an index wait for each other, and then for leave. */
class Queue implements AsyncDisposable {
  readonly #gate: Forwarder;
  readonly #places: number;
  #waiting = 0;
  #full = Promise.withResolvers<void>();
  #leave = Promise.withResolvers<void>();

  constructor(to: string, places: number) {
    this.#places = places;
    this.#gate = startForwarder(0, Number(new URL(to).port), async (bytes) => {
      if (/^GET \S*\/main\/binary-/m.test(new TextDecoder().decode(bytes))) await this.#wait();
    });
  }

  get url(): string {
    return `http://127.0.0.1:${this.#gate.port}`;
  }

  full(): Promise<void> {
    return this.#full.promise;
  }

  /** Those who come from now on wait again. */
  letGo(): void {
    const { resolve } = this.#leave;
    [this.#waiting, this.#full, this.#leave] = [0, Promise.withResolvers(), Promise.withResolvers()];
    resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.letGo();
    await this.#gate[Symbol.asyncDispose]();
  }

  async #wait(): Promise<void> {
    const { promise } = this.#leave;
    if (++this.#waiting === this.#places) this.#full.resolve();
    await promise;
  }
}
