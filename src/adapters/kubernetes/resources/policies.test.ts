import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { fastestOf } from '../../../../test/fastest-of.ts';
import { clientOf, realClock } from '../../../../test/fakes/api-server/api-server-client.ts';
import { type FakeApiServer, startApiServer } from '../../../../test/fakes/api-server/api-server.ts';
import { compilePolicy, matchEverything } from '../../../core/policy-set/compile.ts';
import { type CompiledPolicy } from '../../../core/policy-set/compiled-policy.ts';
import { createPolicySet } from '../../../core/policy-set/policy-set.ts';
import { readPolicy } from '../../../core/policy/schema/schema.ts';
import { fail } from '../../../core/result.ts';
import type { ApiClient } from '../client/client.ts';
import { type ClusterPolicies, createClusterPolicies } from './policies.ts';
import { describePolicyProblem } from '../../../core/policy/load/problem-path.ts';
import { anyExpression } from '../../../../test/fakes/policy-set.ts';
import { soon } from '../../../../test/soon.ts';

let api: FakeApiServer;
let client: ApiClient;
let policies: ClusterPolicies;
let builds: number;
let sick: boolean;
const problems: unknown[] = [];
beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api);
  builds = 0;
  sick = false;
  policies = createClusterPolicies<CompiledPolicy>({
    client,
    clock: realClock,
    timing: { firstRetry: 10, lastRetry: 50 },
    read: (value) => {
      const read = readPolicy(value, anyExpression);
      if (!read.ok) return read;
      const compiled = compilePolicy(read.value);
      return compiled.ok ? compiled : fail([{ path: [], message: compiled.error }]);
    },
    build: (accepted, broken, version) => {
      builds += 1;
      if (sick) throw new Error('a defect');
      return createPolicySet(
        version,
        accepted,
        broken.map(({ name, problems }) => ({
          name,
          match: matchEverything,
          problem: problems.map(describePolicyProblem).join('; '),
        })),
      );
    },
    onError: (error) => problems.push(error),
  });
});
afterEach(async () => {
  await policies.close();
  client.close();
  await api.close();
});

const put = (name: string, tag = 'latest', more: object = {}): void =>
  void api.put('imagepolicies', {
    metadata: { name },
    spec: { checks: [{ tags: { deny: [tag] } }], ...more },
  });
const loaded = () => {
  const state = policies.current();
  if (state.state !== 'loaded') throw new Error(state.why);
  return state.set;
};
const start = async () => {
  policies.start();
  await vi.waitFor(() => loaded(), soon);
};
const names = (): string[] => loaded().policies.map(({ name }) => name);

describe('policies of the cluster', () => {
  test('are loaded and followed; a change takes effect in less than a second', async () => {
    put('b');
    put('a');
    await start();
    expect(names()).toEqual(['a', 'b']);
    const took = await fastestOf(3, async () => {
      put('c');
      await vi.waitFor(() => expect(names()).toEqual(['a', 'b', 'c']), soon);
      api.delete('imagepolicies', 'c');
      await vi.waitFor(() => expect(names()).toEqual(['a', 'b']), soon);
    });
    expect(took).toBeLessThan(1000);
    expect(loaded().version).toMatch(/^sha256:[0-9a-f]{16}$/);
  });

  test('R8: none at all is loaded with zero policies', async () => {
    await start();
    expect(names()).toEqual([]);
  });

  test('R8: no CRD is not ready, says what to do, and heals by itself', async () => {
    api.serves('imagepolicies', false);
    policies.start();
    expect(policies.current()).toMatchObject({
      state: 'loading',
      why: expect.stringContaining('not been listed yet') as string,
    });
    await vi.waitFor(() => expect(policies.state().lastError?.status).toBe(404), soon);
    expect(policies.current()).toEqual({
      state: 'loading',
      why: expect.stringMatching(/knows no ImagePolicy.*imagegate manifests/) as string,
    });
    api.serves('imagepolicies', true);
    await vi.waitFor(() => expect(names()).toEqual([]), soon);
  });

  test('a list that RBAC forbids names the missing right', async () => {
    api.fault({ verb: 'list', forbidden: true });
    policies.start();
    await vi.waitFor(
      () =>
        expect(policies.current()).toMatchObject({
          why: expect.stringContaining('API group "imagegate.dev"') as string,
        }),
      soon,
    );
  });

  test('R14: stay in force while the CRD or the server is away', async () => {
    put('a');
    await start();
    api.serves('imagepolicies', false);
    api.watches.cut();
    await vi.waitFor(() => expect(policies.state().staleSince).toBeDefined(), soon);
    expect(names()).toEqual(['a']);
  });

  test('R8: the last good revision of a broken policy stays in force', async () => {
    put('a', 'latest');
    await start();
    const good = loaded();
    put('a', 'latest', { mode: 'Maybe' });
    await vi.waitFor(() => expect(policies.verdicts()[0]?.accepted).toBe(false), soon);
    put('other');
    await vi.waitFor(() => expect(names()).toEqual(['a', 'other']), soon);
    expect(loaded().policies[0]).toBe(good.policies[0]);
    expect(loaded().broken).toEqual([]);
    expect(policies.verdicts()[0]).toMatchObject({
      generation: 2,
      reason: 'Invalid',
      message: expect.stringMatching(
        /^spec\.mode: "Maybe".*Generation 1, the last good one, stays in force\.$/,
      ) as string,
    });
    put('a', 'edge');
    await vi.waitFor(() => expect(policies.verdicts()[0]?.accepted).toBe(true), soon);
  });

  test('R8: a policy that never was good is broken and denies until it is corrected', async () => {
    api.put('imagepolicies', { metadata: { name: 'a' }, spec: { checks: [{ registeries: { allow: [] } }] } });
    await start();
    expect(loaded()).toMatchObject({ policies: [], broken: [{ name: 'a' }] });
    expect(policies.verdicts()[0]?.message).toMatch(
      /^spec\.checks\[0\]\.registeries: .*did you mean "registries"\? Until it is corrected, everything that it matches is denied\.$/,
    );
    put('a');
    await vi.waitFor(() => expect(loaded()).toMatchObject({ policies: [{ name: 'a' }], broken: [] }), soon);
  });

  test('R8: a last good revision dies with its object', async () => {
    put('a');
    await start();
    api.delete('imagepolicies', 'a');
    put('a', 'latest', { mode: 'Maybe' });
    await vi.waitFor(() => expect(loaded()).toMatchObject({ policies: [], broken: [{ name: 'a' }] }), soon);
  });

  test('a burst of 1,000 changes is built once', async () => {
    await start();
    expect(builds).toBe(1);
    for (let n = 0; n < 1000; n++) put(`p${n}`);
    await vi.waitFor(() => expect(names()).toHaveLength(1000), soon);
    // The initial one, one for the burst, and one more each time that the machine was too busy for 300 ms.
    expect(builds).toBeLessThanOrEqual(10);
  });

  test('a status write of our own builds nothing', async () => {
    put('a');
    await start();
    const set = loaded();
    const conditions = [{ type: 'Accepted', status: 'True' }];
    api.put('imagepolicies', { ...api.get('imagepolicies', 'a'), status: { conditions } });
    await vi.waitFor(() => expect(policies.verdicts()[0]?.conditions).toEqual(conditions), soon);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect(loaded()).toBe(set);
    expect(builds).toBe(1);
  });

  test('a list read again that brings nothing new builds nothing', async () => {
    put('a');
    await start();
    api.compact();
    put('a', 'edge');
    await vi.waitFor(() => expect(builds).toBe(2), soon);
    api.watches.send('{"type":"ERROR","object":{"code":410}}');
    await vi.waitFor(() => expect(api.requests.filter(({ verb }) => verb === 'list')).toHaveLength(2), soon);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(builds).toBe(2);
  });

  test('a set that cannot be built leaves the last one in force', async () => {
    put('a');
    await start();
    sick = true;
    put('b');
    await vi.waitFor(() => expect(problems).toHaveLength(1), soon);
    expect(names()).toEqual(['a']);
  });
});
