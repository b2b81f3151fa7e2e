import { expect, test } from 'vitest';
import { policySet } from '../../../test/fakes/policy-set.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { createWorkloadTable } from '../../core/workload/kinds/kinds.ts';
import { collecting } from './images-of-object.ts';

const row = createWorkloadTable([]).byKind('kubeflow.org', 'PyTorchJob');
if (row === undefined) throw new Error('no row');

const pauses = (object: JsonObject, oldObject: JsonObject | null): number => {
  const steps = collecting({ kind: 'workload', row, object, oldObject }, policySet({}));
  let count = 0;
  while (steps.next().done !== true) count += 1;
  return count;
};
const job = (replicas: number): JsonObject => ({
  spec: {
    pytorchReplicaSpecs: Object.fromEntries(Array.from({ length: replicas }, (_, at) => [`r${at}`, { at }])),
  },
});

test('R24: the new and the old object are looked at in steps of their own', () => {
  expect(pauses(job(3), null)).toBe(0);
  expect(pauses(job(9_000), job(9_000))).toBe(1);
});

test('R24: what is too large to be looked at is compared in steps', () => {
  expect(pauses(job(40_000), job(40_000))).toBeGreaterThan(10);
});
