import { promiseCaching } from "./caching.ts";
import { promiseErrors } from "./errors.ts";
import { promiseOutlooks } from "./outlooks.ts";
import { promiseOutages } from "./outages.ts";
import { promiseSafety } from "./safety.ts";
import { ContractScene } from "./scene.ts";
import type { Specimen } from "./specimen.ts";

/** Adds a test for a promise that every type of backend keeps. */
export type AddPromise = (name: string, body: (scene: ContractScene) => Promise<void>) => void;

/** What every type of backend promises, over the whole program: each type's own test runs it on a specimen of its own. */
export function testBackendContract(specimen: Specimen): void {
  const promise: AddPromise = (name, body) =>
    Deno.test(`contract of ${specimen.type}: ${name}`, async () => {
      await using scene = await ContractScene.create(specimen);
      await body(scene);
    });
  promiseCaching(promise);
  promiseErrors(promise);
  promiseOutlooks(promise);
  promiseOutages(promise);
  promiseSafety(promise, specimen);
}
