import type { MemberSource } from "../archive/member_source.ts";
import { messageOf, VaultError } from "../errors.ts";
import type { SpaceLimits } from "../store/cache_limits.ts";
import { parsePattern } from "../inventory/pattern.ts";
import { addPins, readPins } from "../inventory/pins.ts";
import { shownBodies } from "../observe/shown_count.ts";
import { markMilestone } from "../store/milestones.ts";
import { announceChange } from "../store/shared_changes.ts";
import { FsLayout } from "../store/fs_layout.ts";
import { blobName, emptyConfig } from "./blob_name.ts";
import type { Body } from "./body_list.ts";
import { BodyIntake, type Stored } from "./body_intake.ts";
import { BodyRights } from "./body_rights.ts";
import { checkRoom } from "./check_room.ts";
import { type BodyCounts, countBodies, nothingCounted } from "./count_bodies.ts";
import { ImportFolder } from "./import_folder.ts";
import { type CarryingOfType, type ImportPlan, planImport } from "./import_plan.ts";
import { Ledger } from "./ledger.ts";
import type { OnProgress } from "./progress.ts";
import { type BundleHead, readHead, type Trust } from "./read_bundle.ts";
import type { Spool } from "./spool.ts";
import type { ServedBackend } from "./served_backend.ts";
import { type EntryCounts, writeEntries } from "./write_entries.ts";

export interface ImportOptions {
  readonly source: MemberSource;
  readonly cacheDir: string;
  readonly limits: SpaceLimits;
  readonly trust: Trust;
  readonly spool: Spool;
  /** The backend that serves what the bundle has of a backend of this name; null for none. */
  readonly backendFor: (name: string) => ServedBackend | null;
  readonly carryingOfType: CarryingOfType;
  /** True imports a bundle once more. */
  readonly again: boolean;
  /** True reads what is in the bundle, and stores nothing. */
  readonly dryRun: boolean;
  readonly onProgress?: OnProgress | undefined;
  /** Stops the import, which leaves what is whole. */
  readonly signal?: AbortSignal | undefined;
}

export interface Imported {
  readonly head: BundleHead;
  readonly bodies: BodyCounts;
  /** Null where nothing was stored. */
  readonly entries: EntryCounts | null;
  /** The names of the backends that the bundle has entries of. */
  readonly backends: readonly string[];
  readonly unserved: ImportPlan["unserved"];
  /** What the bundle follows and was imported, or made, here before it, by its id (`Ledger.known`). */
  readonly known: ReadonlyMap<string, "bundle" | "list">;
  /** The patterns that are pinned now, and were not. */
  readonly pins: readonly string[];
  /** True where everything that the bundle has, or relies on, is in the cache now. */
  readonly isWhole: boolean;
}

/**
 * Stores the bodies of a bundle, and then their entries. Throws `bundle_wrong` for a bundle that is not as it was
 * written, and keeps nothing of it. Throws `bundle_interrupted`, `cache_full` or `storage_failed` where it ends too
 * early or cannot be stored: what is whole stays, and the next import of the bundle resumes.
 */
export async function importBundle(options: ImportOptions): Promise<Imported> {
  const { source, trust, again, spool, backendFor } = options;
  const layout = new FsLayout(options.cacheDir);
  const ledger = new Ledger(options.cacheDir);
  const head = await readHead(source, trust);
  const isServed = (name: string) => backendFor(name) !== null;
  if (!again) ledger.checkNew(head, { isTrusting: trust.keys.length > 0, isServed });
  const plan = await planImport(source, head.index, {
    spool,
    backendFor,
    carryingOfType: options.carryingOfType,
    signal: options.signal,
  });
  const pins = pinsOf(head, backendFor);
  readPins(options.cacheDir);
  const about = {
    ...{ head, backends: backendsOf(plan), unserved: plan.unserved },
    known: ledger.known(head.index.chain),
  };
  if (options.dryRun) {
    const bodies = await countBodies(plan, layout, options.signal);
    await checkRoom(layout, options.limits, bodies.addedBytes);
    return { ...about, bodies, entries: null, pins: [], isWhole: false };
  }
  const folder = await ImportFolder.open(options.cacheDir, head.indexSha256);
  const { bodies, entries } = await new Importing(options, { layout, plan, head, folder }).run();
  const added = pins.length > 0 ? await addPins(options.cacheDir, pins) : [];
  await announceChange(layout);
  await markMilestone(layout, "import");
  const isComplete = entries.lacking.size === 0 && entries.denied === 0;
  const isWhole = isComplete && plan.unserved.length === 0;
  if (isComplete) await ledger.addBundle(head, plan.unserved.map(({ header }) => header.backend));
  return { ...about, bodies, entries, pins: added, isWhole };
}

function backendsOf({ shards, unserved }: ImportPlan): string[] {
  return [...new Set([...shards, ...unserved].map(({ header }) => header.backend))];
}

interface ImportingDeps {
  readonly layout: FsLayout;
  readonly plan: ImportPlan;
  readonly head: BundleHead;
  readonly folder: ImportFolder;
}

class Importing {
  readonly #options: ImportOptions;
  readonly #deps: ImportingDeps;
  readonly #intake: BodyIntake;
  readonly #rights: BodyRights;
  readonly #latest: number;
  readonly #bodies: BodyCounts = nothingCounted();
  /** The bodies of the plan that were taken, as far as the bundle has them. */
  #taken = 0;
  #temporaries = 0;

  constructor(options: ImportOptions, deps: ImportingDeps) {
    this.#options = options;
    this.#deps = deps;
    const isTrusted = deps.head.signed.kind === "verified";
    this.#rights = new BodyRights(options.cacheDir, { isTrusted, names: deps.plan.names });
    // The clock here may be wrong, that of a trusted other side is believed.
    this.#latest = Math.max(Date.now(), isTrusted ? Date.parse(deps.head.index.created) : 0);
    this.#intake = new BodyIntake(deps.layout, { folder: deps.folder, signal: options.signal });
  }

  async run(): Promise<{ readonly bodies: BodyCounts; readonly entries: EntryCounts }> {
    const { folder } = this.#deps;
    try {
      await this.#prepare();
    } catch (error) {
      folder.close();
      throw error;
    }
    try {
      await this.#takeBodies();
      await this.#options.source.finish();
      await this.#intake.settle();
      await this.#place();
      const entries = await this.#writeEntries(true);
      if (entries.lacking.has(null)) folder.close();
      else folder.remove();
      return { bodies: this.#bodies, entries };
    } catch (error) {
      throw await this.#failed(error);
    }
  }

  /** What a killed import has left is right, and counts as stored; then the rest must have room. */
  async #prepare(): Promise<void> {
    const { layout, plan } = this.#deps;
    const { limits, signal } = this.#options;
    await this.#place();
    await checkRoom(layout, limits, (await countBodies(plan, layout, signal)).addedBytes);
  }

  async #place(): Promise<void> {
    const { bodies, wantsEmpty } = this.#deps.plan;
    if (wantsEmpty) await this.#intake.place([emptyBody]);
    await this.#intake.place(bodies.all());
  }

  async #takeBodies(): Promise<void> {
    const { plan } = this.#deps;
    const { bodies, wantsEmpty } = plan;
    if (wantsEmpty) await this.#takeEmpty();
    let bytes = 0;
    for (const body of bodies.all()) {
      await this.#take(body);
      this.#taken++;
      bytes += body.sizeBytes;
      this.#options.onProgress?.({ bodies: this.#taken, bytes, totalBodies: bodies.count, totalBytes: bodies.bytes });
    }
  }

  /** Of what is behind the end of a bundle that was cut, nothing was brought. */
  #missRest(): void {
    let number = 0;
    for (const { sha256 } of this.#deps.plan.bodies.all()) {
      if (number++ >= this.#taken) this.#rights.miss(sha256);
    }
  }

  /**
   * Each byte of the bundle is looked at, and each byte of a body that is stored: of a damaged one the bundle's takes the
   * place. What an earlier import of the bundle has looked at is not read again.
   */
  async #take(body: Body): Promise<void> {
    const { sha256, sizeBytes } = body;
    const member = await this.#options.source.open(blobName(sha256), sizeBytes);
    if (member === null) return this.#rights.miss(sha256);
    if (!this.#deps.plan.wants(sha256)) return await this.#intake.check(body, member);
    const stored = await this.#intake.look(body);
    if (stored.kind === "settled") await member.skip();
    else if (stored.kind === "there") await this.#intake.check(body, member);
    else await this.#intake.store(body, member);
    if (stored.kind === "there" && stored.info !== null) this.#intake.settled(body, stored.info);
    this.#count(body, stored.kind);
  }

  async #takeEmpty(): Promise<void> {
    const { kind } = await this.#intake.look(emptyBody);
    if (kind === "there" || kind === "settled") return;
    const chunks = [emptyConfig.bytes];
    await this.#intake.store(emptyBody, { next: () => Promise.resolve(chunks.pop() ?? null) });
  }

  #count({ sizeBytes }: Body, stored: Stored["kind"]): void {
    const counts = this.#bodies;
    if (stored === "damaged") return void counts.repaired++;
    const isNew = stored === "missing";
    counts[isNew ? "added" : "there"]++;
    counts[isNew ? "addedBytes" : "thereBytes"] += sizeBytes;
  }

  #writeEntries(withRoots: boolean): Promise<EntryCounts> {
    return writeEntries(this.#deps.layout, {
      plan: this.#deps.plan,
      backendFor: this.#options.backendFor,
      temporary: () => this.#options.spool.path(`new-${this.#temporaries++}`),
      isVerified: (sha256, info) => this.#deps.folder.isVerified({ sha256, info }),
      mayName: (backend, fact) => this.#rights.mayName(backend, fact),
      latest: this.#latest,
      withRoots,
      signal: this.#options.signal,
    });
  }

  /** Leaves nothing of a bundle that is wrong, and what is whole of others. Returns the error to throw. */
  async #failed(error: unknown): Promise<unknown> {
    if (error instanceof VaultError && error.code === "bundle_wrong") {
      await this.#intake.revert();
      return new VaultError(error.code, `${error.message}. Nothing of it was kept`, { cause: error });
    }
    if (!isFailure(error)) {
      this.#deps.folder.close();
      return error;
    }
    const { bodies } = this.#deps.plan;
    const isCut = error instanceof VaultError && error.code === "bundle_interrupted";
    await this.#intake.settle().catch((second) => isCut ? error = second : null);
    try {
      await this.#place();
      if (isCut) {
        this.#missRest();
        await this.#writeEntries(false);
      }
    } catch (second) {
      if (isCut) error = second;
    }
    this.#deps.folder.close();
    await announceChange(this.#deps.layout).catch(() => {});
    const done = this.#bodies.added + this.#bodies.there + this.#bodies.repaired;
    const so = `The cache has ${done} of ${shownBodies(bodies.count)}; import the bundle again, and it resumes there`;
    const code = isCut ? "bundle_interrupted" : "storage_failed";
    return new VaultError(code, `${messageOf(error)}. ${so}`, { cause: error });
  }
}

const emptyBody: Body = { sha256: emptyConfig.sha256, sizeBytes: emptyConfig.bytes.byteLength };

/** True for what files and disks may do, and bundles that end too early; false for a lack of permission, or a bug. */
function isFailure(error: unknown): boolean {
  if (error instanceof Deno.errors.NotCapable) return false;
  return error instanceof VaultError || (error instanceof Error && "code" in error);
}

/**
 * The pins of a bundle as they are here, where a backend may have another name. Nobody who is not trusted pins what other
 * backends have.
 */
function pinsOf({ index, signed }: BundleHead, backendFor: ImportOptions["backendFor"]): string[] {
  return index.pins.flatMap((pin) => {
    const [first = "", ...rest] = pin.split("/");
    if (rest.length === 0 || first.includes("*")) return signed.kind === "verified" ? [pin] : [];
    const backend = backendFor(first);
    return backend === null ? [] : [[backend.name, ...rest].join("/")];
  }).map((pin) => parsePattern(pin).text);
}
