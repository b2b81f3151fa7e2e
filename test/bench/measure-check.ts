import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readPolicies } from '../../src/cli/policy-input.ts';
import { createWorkloadTable } from '../../src/core/workload/kinds/kinds.ts';
import { readManifestObjects } from '../../src/core/workload/manifest.ts';
import { unavailable } from '../../src/core/facts/fact.ts';
import { deadlineAfter } from '../../src/gate/deadline.ts';
import { createDecisionBuilder } from '../../src/gate/review/decision-builder.ts';
import { createDecisionIds } from '../../src/gate/review/decision-ids.ts';
import { createJudgeManifest } from '../../src/gate/manifest/judge-manifest.ts';
import { createReview } from '../../src/gate/review/review.ts';
import { createSlices } from '../../src/gate/review/slices.ts';
import { median, print } from './processes.ts';
import { imagesOf, podReview } from './review-body.ts';
import { createExpressionEngine } from '../../src/serve/expressions.ts';

const count = 10_000;
const clock = { now: () => Date.now(), monotonic: () => performance.now() };

/** 10,000 Pods as one JSON List, each with the four containers of the review. */
const manifest = (): string => {
  const items = Array.from({ length: count }, (_, index) => {
    const review = JSON.parse(
      podReview(index, { namespace: `team-${index % 20}`, images: imagesOf(index) }),
    ) as {
      request: { object: object };
    };
    return review.request.object;
  });
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
};

/** `check manifest` on 10,000 Pods: the judging alone, and the whole command. */
export const measureCheck = async (work: string, policyDir: string): Promise<void> => {
  const text = manifest();
  const policies = await readPolicies([policyDir], { compileExpression: createExpressionEngine().compile });
  const buildDecision = createDecisionBuilder({
    clock,
    ids: createDecisionIds('bench', clock, 1),
    version: '0',
  });
  const review = createReview({
    policies: { current: () => ({ state: 'loaded', set: policies.value }) },
    namespaces: { labels: (name) => unavailable(name, 'none') },
    buildDecision,
    clock,
    slices: createSlices(clock),
    unmatched: undefined,
    onUnsure: () => undefined,
  });
  const judge = createJudgeManifest({
    review,
    buildDecision,
    workloads: createWorkloadTable([]),
    clock,
    unknownKinds: 'allow',
    defaultNamespace: 'default',
  });
  const rates: number[] = [];
  const parses: number[] = [];
  for (let round = 0; round < 5; round++) {
    let begun = performance.now();
    const read = readManifestObjects(text, 'pods.json');
    if (!read.ok) throw new Error(read.error.why);
    parses.push(performance.now() - begun);
    begun = performance.now();
    for (const object of read.value.objects) await judge(object, deadlineAfter(10_000, clock));
    rates.push(count / ((performance.now() - begun) / 1000));
  }
  print({
    name: 'check manifest, objects per second after parsing',
    value: median(rates),
    unit: '1/s',
    budget: '>= 20,000',
  });
  print({ name: 'check manifest, reading 10,000 Pods of JSON', value: median(parses), unit: 'ms' });
  const file = join(work, 'pods.json');
  writeFileSync(file, text);
  const bin = new URL('../../bin/imagegate.mjs', import.meta.url).pathname;
  const begun = performance.now();
  execFileSync(process.execPath, [
    bin,
    'check',
    'manifest',
    '-f',
    file,
    '--policies',
    policyDir,
    '-o',
    `json=${join(work, 'out.json')}`,
    '-q',
  ]);
  print({
    name: 'check manifest, 10,000 Pods, the whole command',
    value: performance.now() - begun,
    unit: 'ms',
  });
};
