import assert from "node:assert/strict";
import type { Client } from "../../src/backend.ts";
import { VaultError } from "../../src/errors.ts";
import { type AptGeneration, releaseText, sha256, signatureText } from "../support/apt/upstream.ts";
import { FakeNow } from "../support/fake_now.ts";
import type { Answer } from "../support/fake_upstream.ts";
import { createSeededRandom } from "../support/random_file.ts";
import { AptScene } from "../backends/apt/scene.ts";

const suite = "/dists/stable";
const signature = `${suite}/Release.gpg`;
const lists = ["main/binary-amd64/Packages", "main/binary-all/Packages", "contrib/binary-amd64/Packages"];
const steps = 100;
const minute = 60_000;
const poolPath = (nth: number) => `/pool/a_${nth}_all.deb`;

/** What upstream sends in the place of a file. */
const faults: readonly Answer[] = [
  { status: 500, body: "x" },
  { status: 404, body: "" },
  { body: "<html><form></form></html>", headers: { "content-type": "text/html" } },
  { body: "y".repeat(100), fault: { kind: "close", afterBytes: 20 } },
  { fault: { kind: "close" } },
];

/** What a client was given last, and when. */
interface Held {
  readonly generation: AptGeneration;
  readonly at: number;
}

/** A repository that goes from state to state, and clients that ask as they like. */
class Walk implements AsyncDisposable {
  readonly scene = new AptScene();
  readonly clients: readonly Client[] = [1, 2, 3, 4].map((nth) => ({ host: `192.0.2.${nth}`, port: 1000 + nth }));
  readonly random: () => number;
  readonly #now = new FakeNow();
  readonly #options: Pick<AptGeneration, "name" | "acquireByHash">;
  readonly #generations: AptGeneration[] = [];
  readonly #held = new Map<Client, Held>();
  #isHealthy = true;

  constructor(seed: number) {
    this.random = createSeededRandom(seed);
    this.#options = { name: this.pick(["InRelease", "Release"]), acquireByHash: this.pick([true, false]) };
    this.publish();
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)]!;
  }

  get #release(): string {
    return `${suite}/${this.#options.name}`;
  }

  get #newest(): AptGeneration {
    return this.#generations.at(-1)!;
  }

  /** Makes a new generation, of which all is there, or only its indexes, or only its release. */
  publish(parts: "all" | "indexes" | "release" = "all"): void {
    const nth = this.#generations.length + 1;
    const textOf = (list: string) =>
      list.startsWith("contrib") && nth % 2 === 0
        ? "# unchanged\n"
        : `Package: a\nFilename: ${poolPath(nth).slice(1)}\nSHA256: ${sha256(`package ${nth}`)}\n# ${list}\n\n`;
    const indexes = Object.fromEntries(lists.map((list) => [list, textOf(list)]));
    this.#generations.push({ ...this.#options, nth, indexes });
    this.scene.upstream.upstream.serve(poolPath(nth), { body: `package ${nth}` });
    if (parts === "all") return this.heal();
    if (parts === "indexes") this.scene.upstream.putIndexes(suite, this.#newest);
    else this.scene.upstream.putRelease(suite, this.#newest);
    this.#isHealthy = false;
  }

  /** All of the newest generation is there. */
  heal(): void {
    const { upstream } = this.scene.upstream;
    this.scene.upstream.put(suite, this.#newest);
    if (this.#options.name === "Release") {
      upstream.serve(`${suite}/InRelease`, { status: 404, body: "" });
      upstream.serve(signature, { body: signatureText(this.#newest.nth) });
    }
    for (const { nth } of this.#generations) upstream.serve(poolPath(nth), { body: `package ${nth}` });
    this.#isHealthy = true;
  }

  breakSomething(): void {
    const indexes = lists.map((list) => `${suite}/${list}`);
    const targets = [this.#release, signature, poolPath(this.#newest.nth), ...indexes];
    this.scene.upstream.upstream.serve(this.pick(targets), this.pick(faults));
    this.#isHealthy = false;
  }

  restart(): void {
    this.scene.restart();
    this.#held.clear();
  }

  wait(ms: number): void {
    this.#now.advance(ms);
  }

  async update(client: Client): Promise<void> {
    const text = await this.#ask(this.#release, client);
    if (text === null) return assert.ok(!this.#isHealthy, "a release was refused although upstream has it");
    const generation = this.#generations.find((one) => releaseText(one) === text);
    assert.ok(generation, `no release of the repository: ${text}`);
    this.#held.set(client, { generation, at: Date.now() });
    const signed = this.#options.name === "Release" ? await this.#ask(signature, client) : null;
    if (signed !== null) assert.match(signed, /BEGIN PGP SIGNATURE/);
  }

  /** Asks for an index as its release lists it: it comes as that, or not at all. */
  async index(client: Client): Promise<void> {
    const held = this.#held.get(client);
    if (held === undefined || Date.now() - held.at > 14 * minute) return;
    const list = this.pick(lists);
    const wanted = held.generation.indexes[list]!;
    const folder = list.slice(0, list.lastIndexOf("/"));
    const byHash = held.generation.acquireByHash && this.random() < 0.5;
    const path = byHash ? `${folder}/by-hash/SHA256/${sha256(wanted)}` : list;
    const text = await this.#ask(`${suite}/${path}`, client);
    if (text !== null) assert.equal(text, wanted, `${path} of another generation than ${held.generation.nth}`);
  }

  async package(client: Client): Promise<void> {
    const { nth } = this.#held.get(client)?.generation ?? this.#newest;
    const text = await this.#ask(poolPath(nth), client);
    if (text !== null) assert.equal(text, `package ${nth}`);
  }

  hasNewest(client: Client): boolean {
    return this.#held.get(client)?.generation === this.#newest;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#now[Symbol.dispose]();
    await this.scene[Symbol.asyncDispose]();
  }

  /** Null for what is refused. */
  async #ask(path: string, client: Client): Promise<string | null> {
    try {
      return await this.scene.read(path, { client });
    } catch (error) {
      assert.ok(error instanceof VaultError && error.code !== "internal", `${path}: ${error}`);
      return null;
    }
  }
}

for (const seed of [1, 2, 3, 4, 5, 6]) {
  Deno.test(`whatever upstream does, clients get indexes of their own release, and the newest in the end: walk ${seed}`, async () => {
    await using walk = new Walk(seed);
    const { random, clients } = walk;
    for (let step = 0; step < steps; step++) {
      const chance = random();
      if (chance < 0.1) walk.publish(walk.pick(["all", "indexes", "release"]));
      else if (chance < 0.2) walk.breakSomething();
      else if (chance < 0.3) walk.heal();
      else if (chance < 0.33) walk.restart();
      else if (chance < 0.4) walk.wait(walk.pick([1000, 11_000, minute, 10 * minute]));
      else {
        const asking = new Set([walk.pick(clients), walk.pick(clients), walk.pick(clients)]);
        await Promise.all([...asking].map((client) => {
          const wish = random();
          if (wish < 0.4) return walk.update(client);
          return wish < 0.8 ? walk.index(client) : walk.package(client);
        }));
      }
    }
    walk.heal();
    for (let times = 0; times < 3; times++) {
      walk.wait(minute);
      for (const client of clients) await walk.update(client);
    }
    for (const client of clients) {
      assert.ok(walk.hasNewest(client));
      await walk.index(client);
    }
  });
}
