import { startPart, type Part } from './evidence-part.ts';
import type { RegistryOrders } from './evidence-registry.ts';
import type { WorkerOrders } from './evidence-worker.ts';
import { numbers, quantile } from './evidence-stage.ts';
import type { BenchPlan } from './bench-plan.ts';
import { print } from './processes.ts';

const warmUp = 30;

/** Images that nobody has looked at: manifest and config out of docker-registry, beside the same two requests bare. */
export const measureCold = async ({ quick }: BenchPlan, registries: Part<RegistryOrders>): Promise<void> => {
  const host = await registries.ask('openDocker', undefined);
  const count = warmUp + (quick ? 150 : 400);
  const ours = await registries.ask('fill', { host, repository: 'cold/ours', count });
  const bare = await registries.ask('fill', { host, repository: 'cold/bare', count });
  const worker = startPart<WorkerOrders>(0, new URL('evidence-worker.ts', import.meta.url));
  const pairs = numbers(count).flatMap((index) => {
    const [one, other] = [ours[index], bare[index]];
    return one === undefined || other === undefined ? [] : [{ ours: one, bare: other }];
  });
  const times = await worker.ask('cold', { host, pairs });
  const asked = await registries.ask('requests', { host, repository: 'cold/ours' });
  const least = await registries.ask('requests', { host, repository: 'cold/bare' });
  await worker.stop();
  const late = (values: readonly number[]): readonly number[] => values.slice(warmUp);
  for (const [name, share] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    const [value, bareTime] = [quantile(late(times.ours), share), quantile(late(times.bare), share)];
    print({
      name: `cold resolve and config, ${name}, docker-registry on loopback, ${count - warmUp} images`,
      value,
      unit: 'ms',
      reference: { name: 'the same two requests, node:http keep-alive, nothing checked', value: bareTime },
      ratio: value / bareTime,
    });
  }
  print({
    name: 'cold resolve and config, registry requests for one image',
    value: asked.most,
    unit: '1',
    reference: { name: 'bare', value: least.most },
    ratio: asked.total / least.total,
    budget: '<= 3',
  });
};
