import { expectAll, numbers, policiesFor, rowsFor, send, startGate, writeReviews } from './evidence-stage.ts';
import type { BenchPlan } from './bench-plan.ts';
import type { Part } from './evidence-part.ts';
import type { RegistryOrders, Requests } from './evidence-registry.ts';
import { median, print } from './processes.ts';

const pods = 1000;
const images = 50;
const path = '/validate?timeout=10s';

/**
 * A thousand Pods of fifty images that nobody has looked at, all in one moment over a connection each, as after a node
 * was lost. Every other image is an index of two platforms, of which the policy judges one.
 */
export const measureBurst = async (plan: BenchPlan, registries: Part<RegistryOrders>): Promise<void> => {
  const host = await registries.ask('openDocker', undefined);
  const gate = await startGate(plan, {
    policies: policiesFor([host], true, 'linux/amd64'),
    registries: rowsFor([host]),
  });
  const cold: number[] = [];
  const warm: number[] = [];
  const counts: Requests[] = [];
  const rounds = Math.min(plan.rounds, 3);
  for (let round = 0; round < rounds; round++) {
    const half = { host, count: images / 2 };
    const plain = await registries.ask('fill', { ...half, repository: `burst-${round}/plain` });
    const multi = await registries.ask('fill', {
      ...half,
      repository: `burst-${round}/multi`,
      multiArch: true,
    });
    const all = [...plain, ...multi];
    const bodiesFile = await writeReviews(
      plan,
      numbers(pods).map((pod) => [all[pod % images]?.name ?? '']),
    );
    const burst = { bodiesFile, connections: pods, requests: pods };
    cold.push(expectAll(await send(gate, path, burst), 'allowed').p99);
    warm.push(expectAll(await send(gate, path, burst), 'allowed').p99);
    counts.push(await registries.ask('requests', { host, repository: `burst-${round}/` }));
  }
  await gate.stop();
  const what = `${pods} Pods of ${images} new images at once`;
  const each = counts.map(({ total }) => total / images);
  print({
    name: `${what}, registry requests per image`,
    value: median(each),
    unit: '1',
    reference: { name: 'two an image, three an index', value: 2.5 },
    ratio: median(each) / 2.5,
  });
  print({
    name: `${what}, registry requests for the image that was asked most`,
    value: Math.max(...counts.map(({ most }) => most)),
    unit: '1',
    budget: '<= 3',
  });
  print({
    name: `${what}, admission p99`,
    value: median(cold),
    unit: 'ms',
    reference: { name: 'the same Pods again, nothing to ask', value: median(warm) },
    ratio: median(cold) / median(warm),
  });
};
