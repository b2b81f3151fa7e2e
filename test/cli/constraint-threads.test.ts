import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import { constraint, template } from '../fakes/constraints.ts';
import { createReviewOf } from './admission-review.ts';
import { folderWith, imagegate } from './imagegate.ts';
import { trusting } from './policies.ts';
import { startGate, type RunningGate } from './running-gate.ts';

/** Goes over the pairs of containers once for each of them. */
const rego = `violation[{"msg": msg}] {
  one := input.review.object.spec.containers[_]
  all := input.review.object.spec.containers
  count([1 | a := all[_]; b := all[_]; a.name == b.name]) > 0
  one.image == "registry.example.com/bad"
  msg := sprintf("%v is bad", [one.name])
}`;
const policies = folderWith({
  'trusting.json': trusting(),
  'template.json': JSON.stringify(template('K8sPairs', rego)),
  'constraint.json': JSON.stringify(constraint('K8sPairs', 'pairs')),
});
const pod = (containers: number, image: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web' },
  spec: {
    containers: Array.from({ length: containers }, (_one, at) => ({
      name: `c${at}`,
      image: at === containers - 1 ? image : 'registry.example.com/nginx',
    })),
  },
});
const [good, bad] = ['registry.example.com/good', 'registry.example.com/bad'];

describe('a Pod whose constraints take long', () => {
  let gate: RunningGate;
  beforeAll(async () => {
    gate = await startGate(policies);
  });
  afterAll(() => gate.stop());
  const turns = async (): Promise<number> => {
    const text = await (await fetch(`${gate.admin}/metrics`)).text();
    const line = /^imagegate_constraint_thread_turns_total\{outcome="evaluated"\} (\d+)$/m.exec(text);
    return Number(line?.[1] ?? 0);
  };
  const asked = async (object: JsonObject) => (await gate.post(createReviewOf(object, 'uid'))).response;

  test('a small one is judged at once', async () => {
    expect((await asked(pod(4, bad))).status?.message).toBe('[pairs] c3 is bad');
    expect((await asked(pod(4, good))).allowed).toBe(true);
    expect(await turns()).toBe(0);
  });

  test('a large one is judged in a thread, and `check` says the same', async () => {
    const [bads, goods] = [await asked(pod(40, bad)), await asked(pod(40, good))];
    expect([bads.allowed, bads.status?.message, goods.allowed]).toEqual([false, '[pairs] c39 is bad', true]);
    // Metrics may be a second old.
    await expect.poll(turns).toBe(2);
    const { code, stdout } = await imagegate(['check', 'manifest', '--policies', policies, '-f', '-'], {
      input: JSON.stringify(pod(40, bad)),
    });
    expect([code, stdout]).toEqual([1, expect.stringContaining('c39 is bad')]);
  });
});
