import type { CommandContext } from "../cache_commands/contract.ts";
import { VaultError } from "../errors.ts";
import { addPins, removePins } from "../inventory/pins.ts";
import { patternProblem } from "../inventory/pattern.ts";
import { type EntryActions, evictUnused, purgeNamed, revalidateNamed, verifyAll } from "./cache_changes.ts";
import * as wishes from "./changing_schemas.ts";
import type { Job, JobKind, JobRun, Jobs } from "./jobs.ts";
import { type Answer, type Route, route } from "./route.ts";
import { noQuery } from "./schemas.ts";
import type { WarmLines } from "./warm_lines.ts";

export interface ChangingDeps {
  readonly context: CommandContext;
  readonly jobs: Jobs;
  readonly actions: EntryActions;
  readonly warmLines: WarmLines;
}

/** What can be done about the cache. What reads all of it is a job. */
export function changingRoutes(deps: ChangingDeps): readonly Route[] {
  const { context, jobs, actions, warmLines } = deps;
  const { dir: cacheDir } = context;
  const lookAnew = () => actions.lookAnew();
  const start = (kind: JobKind, work: (run: JobRun) => Promise<Readonly<Record<string, unknown>>>): Answer => {
    const job = jobs.start(kind, (run) => work(run).finally(lookAnew));
    return { status: 202, body: job, headers: [["location", `/-/api/v1/jobs/${job.id}`]] };
  };
  const common = { method: "POST", query: noQuery } as const;
  const started = { 202: wishes.job };
  return [
    route({
      ...{ ...common, path: "/purge", body: wishes.purgeBody, answers: started },
      summary: "Remove entries by their names, and the bodies that no other entry has",
      answer: ({ body }) => (checkPatterns(body.patterns), start("purge", (run) => purgeNamed(body, { context, run }))),
    }),
    route({
      ...{ ...common, path: "/evict", body: wishes.evictBody, answers: started },
      summary: "Remove what was not used for longest",
      answer: ({ body: { toBytes, unusedForMs, backends, dryRun } }) => {
        const aim = toBytes === undefined ? { unusedForMs: unusedForMs! } : { toBytes };
        return start("evict", (run) => evictUnused({ aim, backends, dryRun }, { context, run }));
      },
    }),
    route({
      ...{ ...common, path: "/verify", body: wishes.verifyBody, answers: started },
      summary: "Compare every body with its digest and every entry with its body",
      answer: ({ body }) => start("verify", (run) => verifyAll(body, { context, run })),
    }),
    route({
      ...{ ...common, path: "/revalidate", body: wishes.revalidateBody, answers: started },
      summary: "Ask upstream now whether entries have changed, however fresh they are",
      answer: ({ body: { names } }) => start("revalidate", (run) => revalidateNamed(cacheDir, { names, actions }, run)),
    }),
    route({
      ...{ ...common, path: "/warm", body: wishes.warmBody, answers: started },
      summary: "Fetch ahead what the lines of a list mean",
      answer: ({ body: { lines, ...settings } }) => {
        warmLines.check(settings);
        return start("warm", (run) => warmLines.run(lines, settings, run));
      },
    }),
    route({
      ...{ ...common, path: "/pin", body: wishes.pinBody, answers: { 200: wishes.pinned } },
      summary: "Keep what has such a name for ever, also what comes later",
      answer: async ({ body: { patterns } }) => {
        const added = await addPins(cacheDir, patterns);
        return { body: { added, known: patterns.filter((pattern) => !added.includes(pattern.replace(/^\/+/, ""))) } };
      },
    }),
    route({
      ...{ ...common, path: "/unpin", body: wishes.pinBody, answers: { 200: wishes.unpinned } },
      summary: "Remove pins; what they kept may be evicted again",
      answer: async ({ body: { patterns } }) => {
        const removed = await removePins(cacheDir, patterns);
        return { body: { removed, unknown: patterns.filter((pattern) => !removed.includes(pattern)) } };
      },
    }),
    route({
      ...{ ...common, path: "/refresh", body: wishes.refreshBody, answers: { 200: wishes.refreshed } },
      summary: "Take note of what another program has changed in the cache directory, at once",
      answer({ body: { damagedBodies } }) {
        if (damagedBodies > 0) actions.damaged(damagedBodies);
        lookAnew();
        return { body: {} };
      },
    }),
    ...jobRoutes(jobs),
  ];
}

function jobRoutes(jobs: Jobs): readonly Route[] {
  const known = (job: Job | null, id: string): Answer => {
    if (job === null) throw new VaultError("not_found", `There is no job "${id.slice(0, 40)}"; the last 50 are kept`);
    return { body: job };
  };
  return [
    route({
      ...{
        method: "GET",
        path: "/jobs",
        query: noQuery,
        answers: { 200: wishes.job.array() },
        isPrivate: true,
      } as const,
      summary: "The last jobs, the latest first",
      answer: () => ({ body: jobs.list() }),
    }),
    route({
      ...{
        method: "GET",
        path: "/jobs/{name}",
        query: noQuery,
        answers: { 200: wishes.job },
        isPrivate: true,
      } as const,
      summary: "One job",
      answer: ({ name }) => known(jobs.find(name), name),
    }),
    route({
      ...{
        method: "POST",
        path: "/stop",
        query: noQuery,
        body: wishes.stopBody,
        answers: { 200: wishes.job },
      } as const,
      summary: "Stop a job; what it has done stays done",
      answer: ({ body: { job } }) => known(jobs.stop(job), job),
    }),
  ];
}

/** A pattern that is none is known before the job begins. */
function checkPatterns(patterns: readonly string[]): void {
  const problem = patterns.map(patternProblem).find((one) => one !== null) ?? null;
  if (problem !== null) throw new VaultError("bad_request", problem);
}
