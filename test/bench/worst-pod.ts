/** The worst legal objects: what they take, and what everybody else notices of it. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BenchPlan } from './bench-plan.ts';
import type { Part } from './evidence-part.ts';
import type { RegistryOrders } from './evidence-registry.ts';
import { expectAll, numbers, rowsFor, send, startGate } from './evidence-stage.ts';
import { print } from './processes.ts';
import { podReview } from './review-body.ts';
import { watchLoop } from './watch-loop.ts';
import { worstObjects, type WorstObject } from './worst-objects.ts';

const validate = '/validate?timeout=10s';
const hostile = 'hostile';
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

/** Everything of one object, in a gate of its own that was told of nothing before. */
const measureOne = async (
  plan: BenchPlan,
  host: string,
  { what, body, verdict }: WorstObject,
  ordinary: string,
): Promise<void> => {
  const folder = await mkdtemp(join(plan.work, 'worst-'));
  const loop = await watchLoop(plan);
  const gate = await startGate(plan, {
    policies: policies(host),
    registries: rowsFor([host]),
    node: loop.node,
  });
  const file = join(folder, 'body.jsonl');
  await writeFile(file, body(hostile));
  const attack = { bodiesFile: file, connections: 1 };
  const calm = { bodiesFile: ordinary, connections: 16, rate: 200 };
  const alone = await send(gate, validate, { ...calm, seconds: 2 });
  // Its images are known from now on, as those of an object that somebody sends again and again are.
  await send(gate, validate, { ...attack, requests: 3 });
  loop.begin(gate);
  const { seconds } = plan;
  const [worst, others] = await Promise.all([
    send(gate, validate, { ...attack, seconds }),
    send(gate, validate, { ...calm, seconds }),
  ]);
  await gate.stop();
  expectAll(worst, verdict);
  expectAll(others, 'allowed');
  const { longest, longestCpu, longestPause } = await loop.report();
  const name = `worst legal object ${what}, ${policyCount} policies`;
  print({ name: `${name}: its review`, value: worst.p50, unit: 'ms', budget: '<= 300' });
  print({
    name: `${name}: the event loop held at a time`,
    value: longest,
    unit: 'ms',
    reference: { name: 'CPU time of its thread', value: longestCpu },
    budget: '<= 20',
  });
  print({
    name: `${name}: longest pause of the garbage collector`,
    value: longestPause,
    unit: 'ms',
  });
  print({
    name: `${name}: p99 of ordinary reviews meanwhile`,
    value: others.p99,
    unit: 'ms',
    reference: { name: 'without it', value: alone.p99 },
    budget: '<= 50',
  });
};

/** Each of the worst objects by itself. */
export const worstPodMeasurements = Object.fromEntries(
  Object.keys(worstObjects([])).map((name) => [
    `worst-pod-${name}`,
    async (plan: BenchPlan, registries: Part<RegistryOrders>): Promise<void> => {
      const host = await registries.ask('openDouble', {});
      const wide = await registries.ask('fill', { host, repository: 'evil/wide', count: 16, platforms });
      const object = worstObjects(wide)[name];
      if (object === undefined) throw new Error(`no object is named ${name}`);
      const ordinary = join(plan.work, 'ordinary.jsonl');
      const bodies = numbers(200).map((pod) =>
        podReview(pod, { namespace: `team-${pod % 20}`, images: [`registry.example.com/shop/api-${pod}:1`] }),
      );
      await writeFile(ordinary, bodies.join('\n'));
      await measureOne(plan, host, object, ordinary);
    },
  ]),
);
