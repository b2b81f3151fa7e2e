/** What constraints cost a webhook: rates and latencies of the built server with none, with one, with Gatekeeper's library. */
import type { BenchPlan } from './bench-plan.ts';
import {
  document004,
  forPods,
  libraryFolder,
  libraryOf,
  objectsOf,
  silentConstraints,
  startConstraintGate,
  validate,
  writeObedientPods,
  type TemplatesAndConstraints,
} from './constraint-stage.ts';
import { managerPath, startManager } from './constraint-manager.ts';
import { expectAll, send } from './evidence-stage.ts';
import { median, print, type Server } from './processes.ts';

/** A server under the same Pods, and its rates in each round. */
interface Runner {
  readonly server: Pick<Server, 'port' | 'stop'>;
  readonly path: string;
  readonly bodiesFile: string;
  readonly rates: number[];
}

const runner = (server: Runner['server'], bodiesFile: string, path = validate): Runner => ({
  server,
  path,
  bodiesFile,
  rates: [],
});

const run = async ({ server, path, bodiesFile, rates }: Runner, seconds: number): Promise<void> => {
  rates.push(expectAll(await send(server, path, { bodiesFile, seconds }), 'allowed').rate);
};

/** All of them in turn, so that what other processes take is taken from all. */
const runAll = async (runners: readonly Runner[], { rounds, seconds }: BenchPlan): Promise<void> => {
  for (const one of runners) await send(one.server, one.path, { bodiesFile: one.bodiesFile, seconds: 2 });
  for (let round = 0; round < rounds; round++) for (const one of runners) await run(one, seconds);
};

const ratioOf = (ours: Runner, reference: Runner): number =>
  median(ours.rates.map((rate, round) => rate / (reference.rates[round] ?? 1)));

const printRate = (name: string, ours: Runner, reference: readonly [string, Runner], budget?: string): void =>
  print({
    name,
    value: median(ours.rates),
    unit: '1/s',
    reference: { name: reference[0], value: median(reference[1].rates) },
    ratio: ratioOf(ours, reference[1]),
    ...(budget === undefined ? {} : { budget }),
  });

const nobody = 'without constraints';
const manager = "Gatekeeper's manager";

/** The manager judges the same Pods on the same core. */
const besideManager = async (objects: TemplatesAndConstraints, bodiesFile: string): Promise<Runner> =>
  runner(await startManager(objects), bodiesFile, managerPath);

const measureDocument = async (plan: BenchPlan): Promise<void> => {
  const { file, bytes } = await writeObedientPods(plan, 'allowed-registry');
  const bare = runner(await startConstraintGate(plan, []), file);
  const ours = runner(await startConstraintGate(plan, objectsOf(document004())), file);
  const theirs = await besideManager(document004(), file);
  await runAll([bare, ours, theirs], plan);
  const name = `reviews-per-second with the constraint of document 004, record on, ${bytes} bytes, 32 connections`;
  printRate(name, ours, [nobody, bare], 'ratio >= 0.75');
  printRate(name, ours, [manager, theirs], 'ratio >= 5');
  for (const one of [bare, ours, theirs]) await one.server.stop();
};

/** Pods that come by turns. */
const deployments = 10;

const measureLibrary = async (plan: BenchPlan, folder: string): Promise<void> => {
  const { file } = await writeObedientPods(plan, 'openpolicyagent');
  const { file: replicas } = await writeObedientPods(plan, 'openpolicyagent', deployments);
  const library = forPods(libraryOf(folder));
  const count = library.constraints.length;
  const many = [...objectsOf(library), ...silentConstraints(library, 500 - count)];
  const bare = runner(await startConstraintGate(plan, []), file);
  const ours = runner(await startConstraintGate(plan, objectsOf(library)), file);
  const crowded = runner(await startConstraintGate(plan, many), file);
  const theirs = await besideManager(library, file);
  await runAll([bare, ours, crowded, theirs], plan);
  const what = `${count} constraints of Gatekeeper's library that speak of the Pod`;
  const name = `reviews-per-second with ${what}`;
  printRate(name, ours, [nobody, bare]);
  printRate(name, ours, [manager, theirs], 'ratio >= 4');
  print({
    name: `time per review, 500 constraints, ${count} of which speak of the Pod`,
    value: 1e6 / median(crowded.rates),
    unit: 'us',
    reference: { name: `those ${count} alone`, value: 1e6 / median(ours.rates) },
    ratio: 1 / ratioOf(crowded, ours),
    budget: 'ratio <= 1.3',
  });
  await measureLatency(plan, ours, bare, what);
  const [bareOfReplicas, oursOfReplicas, theirsOfReplicas] = [
    runner(bare.server, replicas),
    runner(ours.server, replicas),
    runner(theirs.server, replicas, managerPath),
  ];
  await runAll([bareOfReplicas, oursOfReplicas, theirsOfReplicas], plan);
  const whose = `${what}, Pods of ${deployments} Deployments`;
  printRate(`reviews-per-second with ${whose}`, oursOfReplicas, [nobody, bareOfReplicas]);
  printRate(`reviews-per-second with ${whose}`, oursOfReplicas, [manager, theirsOfReplicas], 'ratio >= 4');
  await measureLatency(plan, oursOfReplicas, bareOfReplicas, whose);
  for (const one of [bare, ours, crowded, theirs]) await one.server.stop();
};

const measureLatency = async (
  { rounds, seconds }: BenchPlan,
  ours: Runner,
  bare: Runner,
  what: string,
): Promise<void> => {
  const p99 = async ({ server, bodiesFile }: Runner): Promise<number> =>
    expectAll(await send(server, validate, { bodiesFile, rate: 300, seconds }), 'allowed').p99;
  const all: (readonly [number, number])[] = [];
  for (let round = 0; round < rounds; round++) all.push([await p99(ours), await p99(bare)]);
  print({
    name: `latency-p99 at 300/s with ${what}`,
    value: median(all.map(([value]) => value)),
    unit: 'ms',
    reference: { name: nobody, value: median(all.map(([, value]) => value)) },
    budget: '<= 10',
  });
};

export const measureConstraintReviews = async (plan: BenchPlan): Promise<void> => {
  await measureDocument(plan);
  const library = libraryFolder(plan, 'constraints-reviews of more than document 004');
  if (library !== undefined) await measureLibrary(plan, library);
};

/** Two gates without constraints, of now and of another checkout. */
export const measureWithoutConstraints = async (plan: BenchPlan): Promise<void> => {
  const { before } = plan;
  if (before === undefined) {
    process.stderr.write(
      'constraints-without: not measured; name a built checkout from before with --before DIR\n',
    );
    return;
  }
  const { file, bytes } = await writeObedientPods(plan, 'allowed-registry');
  const ours = runner(await startConstraintGate(plan, []), file);
  const theirs = runner(await startConstraintGate(plan, [], { checkout: before }), file);
  await runAll([theirs, ours], plan);
  const name = `reviews-per-second without constraints, record on, ${bytes} bytes, 32 connections`;
  printRate(name, ours, ['the checkout from before', theirs], 'ratio >= 0.97');
  await ours.server.stop();
  await theirs.server.stop();
};
