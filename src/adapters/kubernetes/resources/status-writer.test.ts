import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clientOf, realClock } from '../../../../test/fakes/api-server/api-server-client.ts';
import { type FakeApiServer, startApiServer } from '../../../../test/fakes/api-server/api-server.ts';
import { createPolicySet, type PolicySet } from '../../../core/policy-set/policy-set.ts';
import { readPolicy } from '../../../core/policy/schema/schema.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiProblem } from '../client/problem.ts';
import { type ClusterPolicies, createClusterPolicies } from './policies.ts';
import { imagePoliciesResource } from '../client/resource.ts';
import { createStatusWriter, type StatusWriter } from './status-writer.ts';
import { anyExpression } from '../../../../test/fakes/policy-set.ts';
import { soon } from '../../../../test/soon.ts';

let api: FakeApiServer;
let client: ApiClient;
let policies: ClusterPolicies;
let status: StatusWriter;
let holder: boolean;
let problems: ApiProblem[];
beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api);
  holder = true;
  problems = [];
  policies = createClusterPolicies({
    client,
    clock: realClock,
    timing: { firstRetry: 10, lastRetry: 50 },
    read: (value) => readPolicy(value, anyExpression),
    build: (_accepted, _broken, version): PolicySet => createPolicySet(version, []),
    onVerdicts: () => status.wake(),
  });
  status = createStatusWriter({
    resource: imagePoliciesResource,
    client,
    clock: realClock,
    isHolder: () => holder,
    verdicts: () => policies.verdicts(),
    onProblem: (problem) => problems.push(problem),
    rate: { perSecond: 1000, burst: 100 },
    firstRetry: 20,
  });
});
afterEach(async () => {
  await status.close();
  await policies.close();
  client.close();
  await api.close();
});

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly observedGeneration: number;
  readonly lastTransitionTime: string;
}
const put = (name: string, mode: string): void =>
  void api.put('imagepolicies', {
    metadata: { name },
    spec: { mode, checks: [{ digest: { require: true } }] },
  });
const conditions = (name: string): readonly Condition[] => {
  const held = api.get('imagepolicies', name)?.['status'] as { conditions: Condition[] } | undefined;
  return held?.conditions ?? [];
};
const writes = (): number => api.requests.filter(({ subresource }) => subresource === 'status').length;
const settle = () => new Promise((resolve) => setTimeout(resolve, 200));

describe('the status of a policy', () => {
  test('says accepted or not, for which generation, and is written once', async () => {
    put('good', 'Deny');
    put('bad', 'Maybe');
    policies.start();
    await vi.waitFor(
      () => expect(conditions('good')).toMatchObject([{ type: 'Accepted', status: 'True' }]),
      soon,
    );
    await vi.waitFor(() => {
      expect(conditions('bad')).toMatchObject([
        { status: 'False', reason: 'Invalid', observedGeneration: 1 },
      ]);
    }, soon);
    await settle();
    status.wake();
    await settle();
    expect(writes()).toBe(2);
    expect(status.counts()).toEqual({ written: 2, failed: 0 });
  });

  test('keeps its transition time while the verdict is the same, and the conditions of others', async () => {
    const old = '2020-01-01T00:00:00Z';
    put('p', 'Deny');
    api.put('imagepolicies', {
      ...api.get('imagepolicies', 'p'),
      status: {
        conditions: [
          { type: 'Accepted', status: 'True', observedGeneration: 0, lastTransitionTime: old },
          { type: 'Audited', status: 'True' },
        ],
      },
    });
    policies.start();
    await vi.waitFor(() => expect(writes()).toBe(1), soon);
    await vi.waitFor(() => {
      expect(conditions('p')).toEqual([
        { type: 'Audited', status: 'True' },
        expect.objectContaining({ observedGeneration: 1, lastTransitionTime: old }) as Condition,
      ]);
    }, soon);
    put('p', 'Maybe');
    await vi.waitFor(
      () => expect(conditions('p')[1]).toMatchObject({ status: 'False', observedGeneration: 2 }),
      soon,
    );
    expect(conditions('p')[1]?.lastTransitionTime).not.toBe(old);
  });

  test('is written again after a conflict or a failure', async () => {
    api.fault({ subresource: 'status', answer: 409, times: 1 });
    put('p', 'Deny');
    policies.start();
    await vi.waitFor(() => expect(conditions('p')).toHaveLength(1), soon);
    expect(problems).toEqual([]);
    api.fault({ subresource: 'status', answer: 500, times: 2 });
    put('p', 'Audit');
    await vi.waitFor(() => expect(conditions('p')).toMatchObject([{ observedGeneration: 2 }]), soon);
    expect(problems).toHaveLength(2);
  });

  test('R15: is written by the Lease holder only, from the moment it is one', async () => {
    holder = false;
    put('p', 'Deny');
    policies.start();
    await vi.waitFor(() => expect(policies.verdicts()).toHaveLength(1), soon);
    await settle();
    expect(writes()).toBe(0);
    holder = true;
    status.wake();
    await vi.waitFor(() => expect(conditions('p')).toHaveLength(1), soon);
  });
});
