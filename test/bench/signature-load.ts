/** What signatures cost under load: warm, in a crowd of new images, beside junk, beside ordinary reviews, in memory. */
import type { BenchPlan } from './bench-plan.ts';
import type { Part } from './evidence-part.ts';
import type { RegistryOrders } from './evidence-registry.ts';
import {
  expectAll,
  numbers,
  pinnedName,
  podsOf,
  policiesDemanding,
  rowsFor,
  send,
  startEcho,
  startGate,
  writeReviews,
  type Gate,
  type GateWish,
} from './evidence-stage.ts';
import { median, print } from './processes.ts';
import { watchLoop } from './watch-loop.ts';

const path = '/validate?timeout=10s';
type Registries = Part<RegistryOrders>;
type Demand = 'key' | 'keyless' | 'attestation';

/** The fifty policies of the bench, the first of which demands this of every image in mode Deny. */
const gateFor = async (
  plan: BenchPlan,
  registries: Registries,
  hosts: readonly string[],
  demands: readonly Demand[],
  more: Partial<GateWish> = {},
): Promise<Gate> => {
  const { key, keyless, trustRoot } = await registries.ask('signers', undefined);
  const checks: Readonly<Record<Demand, object>> = {
    key: { signature: { authorities: [{ name: 'release', ...key }] } },
    keyless: { signature: { authorities: [{ name: 'ci', ...keyless }] } },
    attestation: {
      attestation: {
        predicateType: 'slsaprovenance1',
        authorities: [{ name: 'ci', ...keyless }],
        expression: 'predicate.buildDefinition.externalParameters.workflow.ref.startsWith("refs/tags/")',
      },
    },
  };
  return startGate(plan, {
    policies: [
      ...policiesDemanding(
        hosts,
        demands.map((demand) => checks[demand]),
      ),
      trustRoot,
    ],
    registries: rowsFor(hosts),
    ...more,
  });
};

/** Pods of four images by digest, each signed without a key and attested, all of them verified before. */
export const measureSignatureWarm = async (plan: BenchPlan, registries: Registries): Promise<void> => {
  const host = await registries.ask('openDocker', undefined);
  const images = await registries.ask('fill', { host, repository: 'signed/service', count: 200 });
  await registries.ask('signHere', { images, with: ['keyless', 'attestation'] });
  const gate = await gateFor(plan, registries, [host], ['keyless', 'attestation']);
  const echo = await startEcho(gate.pem);
  const bodiesFile = await writeReviews(plan, podsOf(images.map(pinnedName), 4, 2000));
  const ours: number[] = [];
  const bare: number[] = [];
  await send(gate, path, { bodiesFile, seconds: 20, requests: 4000 });
  await send(echo, '/', { bodiesFile, seconds: 3 });
  for (let round = 0; round < plan.rounds; round++) {
    bare.push(expectAll(await send(echo, '/', { bodiesFile, seconds: plan.seconds }), 'allowed').rate);
    ours.push(expectAll(await send(gate, path, { bodiesFile, seconds: plan.seconds }), 'allowed').rate);
  }
  await Promise.all([gate.stop(), echo.stop()]);
  print({
    name: 'warm reviews per second, four images by digest, signed without a key and attested with CEL',
    value: median(ours),
    unit: '1/s',
    reference: { name: 'bare Node TLS echo', value: median(bare) },
    ratio: median(ours.map((rate, round) => rate / (bare[round] ?? 1))),
    budget: 'ratio >= 0.45',
  });
};

/** A thousand Pods of fifty new images, signed without a key and attested, in one moment. */
export const measureSignatureCrowd = async (plan: BenchPlan, registries: Registries): Promise<void> => {
  const host = await registries.ask('openDocker', undefined);
  const gate = await gateFor(plan, registries, [host], ['keyless', 'attestation']);
  const warmUp = await registries.ask('fill', { host, repository: 'warm-up/service', count: 4 });
  await registries.ask('signHere', { images: warmUp, with: ['keyless', 'attestation'] });
  const first = {
    bodiesFile: await writeReviews(plan, podsOf(warmUp.map(pinnedName), 1, 4)),
    requests: 4,
    connections: 4,
  };
  expectAll(await send(gate, path, first), 'allowed');
  const p99: number[] = [];
  const each: number[] = [];
  for (let round = 0; round < Math.min(plan.rounds, 3); round++) {
    const repository = `crowd-${round}/service`;
    const images = await registries.ask('fill', { host, repository, count: 50 });
    await registries.ask('signHere', { images, with: ['keyless', 'attestation'] });
    const bodiesFile = await writeReviews(
      plan,
      numbers(1000).map((pod) => [pinnedName(images[pod % images.length]!)]),
    );
    const before = await registries.ask('requests', { host, repository });
    p99.push(
      expectAll(await send(gate, path, { bodiesFile, connections: 1000, requests: 1000 }), 'allowed').p99,
    );
    const after = await registries.ask('requests', { host, repository });
    each.push((after.total - before.total) / images.length);
  }
  await gate.stop();
  const what = '1000 Pods of 50 new images at once, signed without a key and attested';
  print({ name: `${what}, registry requests per image`, value: median(each), unit: '1', budget: '<= 8' });
  print({ name: `${what}, admission p99`, value: median(p99), unit: 'ms', budget: '<= 2000' });
};

/** One good signature behind 300 others; and 300 that claim to be signatures and are those of strangers. */
export const measureSignatureJunk = async (plan: BenchPlan, registries: Registries): Promise<void> => {
  const host = await registries.ask('openDouble', {});
  const gate = await gateFor(plan, registries, [host], ['keyless']);
  const timed = async (
    repository: string,
    beside: { readonly junk?: number; readonly foreign?: number; readonly with: readonly Demand[] },
    verdict: 'allowed' | 'denied',
  ): Promise<number> => {
    const count = plan.rounds + 1;
    const images = await registries.ask('fill', { host, repository, count });
    await registries.ask('signHere', { images, ...beside });
    const times: number[] = [];
    for (const image of images) {
      const bodiesFile = await writeReviews(plan, [[pinnedName(image)]]);
      times.push(expectAll(await send(gate, path, { bodiesFile, connections: 1, requests: 1 }), verdict).max);
    }
    // The first one starts the workers.
    return median(times.slice(1));
  };
  const found = await timed('junk/service', { with: ['keyless'], junk: 300 }, 'allowed');
  print({
    name: 'one good signature behind 300 junk referrers, found',
    value: found,
    unit: 'ms',
    budget: '<= 500',
  });
  const limit = await timed('foreign/service', { with: [], foreign: 300 }, 'denied');
  print({ name: '300 bundles of strangers, refused', value: limit, unit: 'ms', budget: '<= 500' });
  await gate.stop();
};

/** A hundred verifications of new images while ordinary reviews go on at 200 a second. */
export const measureSignatureBeside = async (plan: BenchPlan, registries: Registries): Promise<void> => {
  const host = await registries.ask('openDocker', undefined);
  const loop = await watchLoop(plan);
  const gate = await gateFor(plan, registries, [host], ['keyless', 'attestation'], {
    node: loop.node,
  });
  const known = await registries.ask('fill', { host, repository: 'known/service', count: 20 });
  await registries.ask('signHere', { images: known, with: ['keyless', 'attestation'] });
  const ordinary = await writeReviews(plan, podsOf(known.map(pinnedName), 1, 200));
  expectAll(await send(gate, path, { bodiesFile: ordinary, requests: 2000 }), 'allowed');
  const images = await registries.ask('fill', { host, repository: 'new/service', count: 100 });
  await registries.ask('signHere', { images, with: ['keyless', 'attestation'] });
  const fresh = await writeReviews(
    plan,
    images.map((image) => [pinnedName(image)]),
  );
  loop.begin(gate);
  const [warm, cold] = await Promise.all([
    send(gate, path, { bodiesFile: ordinary, rate: 200, seconds: 6 }),
    send(gate, path, { bodiesFile: fresh, connections: 8, requests: 100 }),
  ]);
  expectAll(warm, 'allowed');
  expectAll(cold, 'allowed');
  await gate.stop();
  const { p99, longest } = await loop.report();
  const what = '100 new images, signed without a key and attested, beside 200 ordinary reviews/s';
  print({ name: `${what}: event-loop delay p99`, value: p99, unit: 'ms', budget: '<= 20' });
  print({ name: `${what}: longest event-loop delay`, value: longest, unit: 'ms' });
  print({ name: `${what}: p99 of the ordinary reviews`, value: warm.p99, unit: 'ms', budget: '<= 25' });
  print({ name: `${what}: p99 of the new images`, value: cold.p99, unit: 'ms' });
};

/** Memory with idle workers, and after many signed digests that are never asked for again. */
export const measureSignatureMemory = async (plan: BenchPlan, registries: Registries): Promise<void> => {
  const host = await registries.ask('openDouble', {});
  const count = plan.quick ? 2000 : 10_000;
  const gate = await gateFor(plan, registries, [host], ['key'], {});
  const few = await registries.ask('fill', { host, repository: 'few/service', count: 20 });
  await registries.ask('signHere', { images: few, with: ['key'] });
  expectAll(
    await send(gate, path, {
      bodiesFile: await writeReviews(plan, podsOf(few.map(pinnedName), 1, 20)),
      requests: 20,
    }),
    'allowed',
  );
  print({ name: 'rss with idle workers', value: gate.rss(), unit: 'MiB', budget: '<= 230' });
  const images = await registries.ask('fill', { host, repository: 'many/service', count });
  await registries.ask('signHere', { images, with: ['key'] });
  const bodiesFile = await writeReviews(
    plan,
    images.map((image) => [pinnedName(image)]),
  );
  let peak = gate.rss();
  const watch = setInterval(() => (peak = Math.max(peak, gate.rss())), 50);
  expectAll(await send(gate, path, { bodiesFile, requests: count, seconds: 280 }), 'allowed');
  clearInterval(watch);
  print({ name: `rss under ${count} signed digests, peak`, value: peak, unit: 'MiB', budget: '<= 512' });
  await gate.stop();
};
