import { faults, type FaultName } from './evidence-faults.ts';
import { startPart, type Part } from './evidence-part.ts';
import type { Filled, RegistryOrders } from './evidence-registry.ts';
import type { WorkerOrders } from './evidence-worker.ts';
import {
  expectAll,
  numbers,
  pinnedName,
  policiesFor,
  rowsFor,
  send,
  startGate,
  writeReviews,
  type Gate,
} from './evidence-stage.ts';
import type { BenchPlan } from './bench-plan.ts';
import { peakDuring, print } from './processes.ts';

const mebibytes = (budget: number): string => `<= ${budget}`;

/** Ten thousand digests that are never asked for again: what is kept of each is bounded, not their number. */
export const measureDigests = async (plan: BenchPlan, registries: Part<RegistryOrders>): Promise<void> => {
  const host = await registries.ask('openDouble', {});
  const count = plan.quick ? 2000 : 10_000;
  const gate = await startGate(plan, {
    policies: policiesFor([host], true),
    registries: rowsFor([host], { concurrency: 16 }),
  });
  const plain = await registries.ask('fill', { host, repository: 'few/service', count: 20 });
  const first = await writeReviews(plan, pods(plain));
  // The same number of reviews of few images: what reviews cost by themselves is not held against digests.
  const reviews = count / 4;
  expectAll(await send(gate, path, { bodiesFile: first, requests: reviews }), 'allowed');
  const before = gate.rss();
  const images = await registries.ask('fill', { host, repository: 'many/service', count });
  const bodiesFile = await writeReviews(plan, pods(images));
  const { peak } = await peakDuring(gate.rss, async () => {
    expectAll(await send(gate, path, { bodiesFile, requests: reviews, seconds: 170 }), 'allowed');
  });
  print({
    name: `rss under ${count} distinct digests, peak`,
    value: peak,
    unit: 'MiB',
    reference: { name: `after ${reviews} reviews of 20 digests`, value: before },
    ratio: peak / before,
    budget: mebibytes(512),
  });
  await gate.stop();
};

const path = '/validate?timeout=10s';
/** Pods of four containers, each image once. */
const pods = (images: readonly Filled[]): readonly (readonly string[])[] =>
  numbers(Math.floor(images.length / 4)).map((pod) => images.slice(pod * 4, pod * 4 + 4).map(pinnedName));

const names = Object.keys(faults) as readonly FaultName[];
/** No road of the gate asks for pages yet; they are asked for in a process with the registry access alone. */
const paged: FaultName = 'pages without an end';
const reviewsUnderFault = 64;

interface Stand {
  readonly fault: FaultName;
  readonly host: string;
  readonly images: readonly Filled[];
}
const openStands = async (registries: Part<RegistryOrders>): Promise<readonly Stand[]> => {
  const stands: Stand[] = [];
  for (const fault of names) {
    const host = await registries.ask('openDouble', { fault });
    const count = reviewsUnderFault;
    const images = await registries.ask('fill', { host, repository: 'faulty/service', count });
    stands.push({ fault, host, images });
  }
  return stands;
};

const underFault = async (plan: BenchPlan, gate: Gate, { fault, images }: Stand): Promise<number> => {
  const bodiesFile = await writeReviews(
    plan,
    images.map(({ name }) => [name]),
  );
  const before = gate.rss();
  const { peak } = await peakDuring(gate.rss, async () => {
    const attack = { bodiesFile, requests: reviewsUnderFault };
    expectAll(await send(gate, '/validate?timeout=2s', attack), 'denied');
  });
  print({
    name: `rss while the registry is hostile: ${fault}; ${reviewsUnderFault} reviews, all denied`,
    value: peak,
    unit: 'MiB',
    reference: { name: 'before', value: before },
    ratio: peak / before,
    budget: mebibytes(512),
  });
  return peak;
};

/** One gate against one hostile registry after the other: it denies in time, stays small, and goes on to allow. */
export const measureFaults = async (plan: BenchPlan, registries: Part<RegistryOrders>): Promise<void> => {
  const stands = await openStands(registries);
  const host = await registries.ask('openDouble', {});
  const hosts = [host, ...stands.map((stand) => stand.host)];
  const gate = await startGate(plan, { policies: policiesFor(hosts, true), registries: rowsFor(hosts) });
  const healthy = await registries.ask('fill', { host, repository: 'healthy/service', count: 20 });
  const good = { bodiesFile: await writeReviews(plan, pods(healthy)), requests: 2000 };
  expectAll(await send(gate, path, good), 'allowed');
  const before = gate.rss();
  for (const stand of stands) {
    if (stand.fault !== paged) await underFault(plan, gate, stand);
  }
  expectAll(await send(gate, path, good), 'allowed');
  print({
    name: 'rss after all of them, a healthy registry is allowed as before',
    value: gate.rss(),
    unit: 'MiB',
    reference: { name: 'before', value: before },
    ratio: gate.rss() / before,
    budget: mebibytes(512),
  });
  await gate.stop();
  await measurePages(stands);
};

const measurePages = async (stands: readonly Stand[]): Promise<void> => {
  const image = stands.find(({ fault }) => fault === paged)?.images[0];
  if (image === undefined) return;
  const worker = startPart<WorkerOrders>(0, new URL('evidence-worker.ts', import.meta.url));
  const { before, peak, state } = await worker.ask('pages', { image, times: 10 });
  await worker.stop();
  print({
    name: `rss while the registry is hostile: ${paged}; referrers are ${state}`,
    value: peak,
    unit: 'MiB',
    reference: { name: 'before', value: before },
    ratio: peak / before,
    budget: mebibytes(512),
  });
};
