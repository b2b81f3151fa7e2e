/** The worst legal Pods: what they take, and what everybody else notices of it. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchPlan } from './bench-plan.ts';
import type { Part } from './evidence-part.ts';
import type { Filled, RegistryOrders } from './evidence-registry.ts';
import type { LoopReport } from './loop-monitor.ts';
import { expectAll, numbers, rowsFor, send, startGate } from './evidence-stage.ts';
import { print } from './processes.ts';
import { podReview } from './review-body.ts';

const validate = '/validate?timeout=10s';
const monitor = new URL('loop-monitor.ts', import.meta.url);
const hostile = 'hostile';
/** The API server takes objects of about 1.5 MB. */
const longestImage = 21_000;
const policyCount = 50;
const platforms = 60;

/** In the namespace of the attack 50 policies with rules of their own, all of which every image fails; elsewhere one. */
const policies = (host: string): readonly object[] => {
  const named = (name: string, include: string, checks: readonly object[]): object => ({
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'ImagePolicy',
    metadata: { name },
    spec: { match: { namespaces: { include: [include] } }, checks },
  });
  return [
    named('everybody', 'team-*', [{ registries: { allow: ['registry.example.com/**'] } }]),
    ...numbers(policyCount).map((number) =>
      named(`hostile-${number}`, hostile, [
        { registries: { allow: [`${host}/**`, `registry.example.com/*-${number}/**`] } },
        { tags: { deny: [`*-${number}-*`, 'dev-*'] } },
        {
          image: {
            user: number % 2 === 0 ? 'NonRoot' : 'NonRootNumeric',
            maxAge: `${number + 1}h`,
            labels: { required: { source: [`https://git-${number}.example.com/*x*`] } },
          },
        },
      ]),
    ),
  ];
};

const worstPods = (images: readonly Filled[]): Readonly<Record<string, readonly string[]>> => ({
  'of 64 names of indexes': numbers(64).map((number) => {
    const { name, digest } = images[number % images.length] ?? { name: '', digest: '' };
    return `${name}-${'t'.repeat(100)}-${number}@${digest}`;
  }),
  'of 64 texts that are no names': numbers(64).map((number) => `${'://'.repeat(longestImage / 3)}x${number}`),
});

export const measureWorstPod = async (plan: BenchPlan, registries: Part<RegistryOrders>): Promise<void> => {
  const host = await registries.ask('openDouble', {});
  const images = await registries.ask('fill', { host, repository: 'evil/wide', count: 16, platforms });
  const ordinary = join(plan.work, 'ordinary.jsonl');
  const bodies = numbers(200).map((pod) =>
    podReview(pod, { namespace: `team-${pod % 20}`, images: [`registry.example.com/shop/api-${pod}:1`] }),
  );
  await writeFile(ordinary, bodies.join('\n'));
  for (const [name, pod] of Object.entries(worstPods(images))) {
    const report = join(plan.work, `loop-${pod.length}-${name.length}.json`);
    const watched = new URL(monitor);
    watched.searchParams.set('report', report);
    const gate = await startGate(plan, {
      policies: policies(host),
      registries: rowsFor([host]),
      node: ['--import', watched.href],
    });
    const file = join(plan.work, `worst-${name.length}.jsonl`);
    await writeFile(file, podReview(1, { namespace: hostile, images: pod }));
    const attack = { bodiesFile: file, connections: 1 };
    const calm = { bodiesFile: ordinary, connections: 16, rate: 200 };
    const alone = await send(gate, validate, { ...calm, seconds: 2 });
    // Its images are known from now on, as those of a Pod that somebody sends again and again are.
    await send(gate, validate, { ...attack, requests: 3 });
    gate.child.kill('SIGUSR2');
    const { seconds } = plan;
    const [worst, others] = await Promise.all([
      send(gate, validate, { ...attack, seconds }),
      send(gate, validate, { ...calm, seconds }),
    ]);
    await gate.stop();
    expectAll(worst, 'denied');
    expectAll(others, 'allowed');
    const { longest, longestCpu } = JSON.parse(await readFile(report, 'utf8')) as LoopReport;
    const what = `worst legal Pod ${name}, ${policyCount} policies`;
    print({ name: `${what}: its review`, value: worst.p50, unit: 'ms', budget: '<= 300' });
    print({
      name: `${what}: the event loop held at a time`,
      value: longest,
      unit: 'ms',
      reference: { name: 'CPU time of its thread', value: longestCpu },
      budget: '<= 20',
    });
    print({
      name: `${what}: p99 of ordinary reviews meanwhile`,
      value: others.p99,
      unit: 'ms',
      reference: { name: 'without the worst Pod', value: alone.p99 },
      budget: '<= 50',
    });
  }
};
