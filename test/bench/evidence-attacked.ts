import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchPlan } from './bench-plan.ts';
import type { Part } from './evidence-part.ts';
import type { RegistryOrders } from './evidence-registry.ts';
import { numbers, policiesFor, rowsFor, send, startGate } from './evidence-stage.ts';
import { print } from './processes.ts';
import { podReview } from './review-body.ts';

const path = '/validate?timeout=10s';
/** Of a second. */
const honestRate = 10;
const imagesOfPod = 64;
const floodConnections = 64;

const writePods = async (
  { work }: BenchPlan,
  file: string,
  pods: readonly { readonly namespace: string; readonly images: readonly string[] }[],
): Promise<string> => {
  const written = join(work, file);
  await writeFile(written, pods.map((pod, index) => podReview(index, pod)).join('\n'));
  return written;
};

/**
 * R26. Two tenants keep as many Pods of 64 images under way as they can: half of the images at a host that never answers,
 * half at a repository of the shared registry that never answers. A third namespace creates Pods of new images of that
 * registry meanwhile: each has to be judged within its ten seconds.
 */
export const measureAttacked = async (plan: BenchPlan, registries: Part<RegistryOrders>): Promise<void> => {
  const shared = await registries.ask('openDouble', { fault: 'says nothing', only: '/evil/' });
  const silent = await registries.ask('openDouble', { fault: 'says nothing' });
  const hosts = [shared, silent];
  const gate = await startGate(plan, { policies: policiesFor(hosts, true), registries: rowsFor(hosts) });
  const seconds = plan.quick ? 8 : 20;
  const count = seconds * honestRate;
  const honest = async (repository: string) => {
    const images = await registries.ask('fill', { host: shared, repository, count });
    const pods = images.map(({ name }) => ({ namespace: 'shop', images: [name] }));
    const bodiesFile = await writePods(plan, `${repository.replaceAll('/', '-')}.jsonl`, pods);
    const { requests, denied, errors } = await send(gate, path, {
      bodiesFile,
      requests: count,
      rate: honestRate,
      seconds: seconds + 15,
    });
    return ((denied + errors) / requests) * 100;
  };
  const before = await honest('shop/before');
  const hostile = numbers(floodConnections).map((pod) => ({
    namespace: pod % 2 === 0 ? 'evil' : 'worse',
    images: numbers(imagesOfPod).map((at) =>
      at % 2 === 0 ? `${silent}/x/p${pod}-${at}:v1` : `${shared}/evil/p${pod}-${at}:v1`,
    ),
  }));
  const flood = send(gate, path, {
    bodiesFile: await writePods(plan, 'hostile.jsonl', hostile),
    connections: floodConnections,
    seconds: seconds + 4,
  });
  await new Promise((resolve) => setTimeout(resolve, 4000));
  const during = await honest('shop/during');
  await flood;
  await gate.stop();
  print({
    name: 'honest Pods refused while two tenants attack',
    value: during,
    unit: '%',
    budget: '<= 1',
    reference: { name: 'the same, nobody attacks', value: before },
  });
};
