import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Clock } from '../../../concurrency/clock.ts';
import { clientOf, realClock } from '../../../../test/fakes/api-server/api-server-client.ts';
import { type FakeApiServer, startApiServer } from '../../../../test/fakes/api-server/api-server.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiProblem } from '../client/problem.ts';
import { createLease, type Lease, leaseTiming } from './lease.ts';
import { soon } from '../../../../test/soon.ts';

let api: FakeApiServer;
let client: ApiClient;
let elapsed: number;
const problems: ApiProblem[] = [];
const never = new AbortController().signal;
beforeEach(async () => {
  api = await startApiServer();
  client = clientOf(api);
  elapsed = 0;
  problems.length = 0;
});
afterEach(async () => {
  client.close();
  await api.close();
});

/** Clocks that share the flow of time but not the hour. */
const clockAt = (start: number): Clock => ({
  now: () => Date.UTC(2026, 0, 1) + start + elapsed,
  monotonic: () => start + elapsed,
});
const candidate = (identity: string, start = 0): Lease =>
  createLease({
    client,
    clock: clockAt(start),
    namespace: 'imagegate-system',
    name: 'imagegate',
    identity,
    onProblem: (problem) => problems.push(problem),
  });
const held = () =>
  api.get('leases', 'imagegate', 'imagegate-system')?.['spec'] as {
    holderIdentity: string;
    leaseTransitions: number;
    acquireTime: string;
    renewTime: string;
  };

describe('the Lease', () => {
  test('is acquired by the first one, renewed, and refused to the second one', async () => {
    const [a, b] = [candidate('a'), candidate('b', 3_600_000)];
    expect(a.isHolder()).toBe(false);
    await a.attempt(never);
    await b.attempt(never);
    expect([a.isHolder(), b.isHolder()]).toEqual([true, false]);
    expect(held()).toMatchObject({
      holderIdentity: 'a',
      leaseTransitions: 0,
      acquireTime: '2026-01-01T00:00:00.000000Z',
    });
    elapsed = 5000;
    await a.attempt(never);
    expect(held()).toMatchObject({
      acquireTime: '2026-01-01T00:00:00.000000Z',
      renewTime: '2026-01-01T00:00:05.000000Z',
    });
  });

  test('is lost by a holder that cannot renew, before anybody else takes it', async () => {
    const [a, b] = [candidate('a'), candidate('b', -86_400_000)];
    await a.attempt(never);
    await b.attempt(never);
    elapsed = leaseTiming.hold;
    expect(a.isHolder()).toBe(false);
    await b.attempt(never);
    expect(b.isHolder()).toBe(false);
    elapsed = leaseTiming.duration;
    await b.attempt(never);
    expect(b.isHolder()).toBe(true);
    expect(held()).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    await a.attempt(never);
    expect(a.isHolder()).toBe(false);
  });

  test('goes to one of many who reach for it at the same moment', async () => {
    const all = Array.from({ length: 10 }, (_, n) => candidate(`c${n}`));
    await Promise.all(all.map((one) => one.attempt(never)));
    expect(all.filter((one) => one.isHolder())).toHaveLength(1);
    elapsed = 60_000;
    await Promise.all(all.map((one) => one.attempt(never)));
    elapsed = 90_000;
    await Promise.all(all.map((one) => one.attempt(never)));
    expect(all.filter((one) => one.isHolder())).toHaveLength(1);
  });

  test('never has two holders, whatever fails and however long it takes', async () => {
    let seed = 7;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    const all = [0, 50_000, -9_000_000].map((start, n) => candidate(`c${n}`, start));
    let changes = 0;
    let last = '';
    for (let step = 0; step < 300; step++) {
      elapsed += Math.floor(random() * 4000);
      const one = all[Math.floor(random() * all.length)]!;
      const heal =
        random() < 0.3
          ? api.fault(
              [{ cut: true }, { answer: 500 }, { answer: 409 }][Math.floor(random() * 3)] as { cut: true },
            )
          : undefined;
      await one.attempt(never);
      heal?.();
      const holders = all.flatMap((lease, n) => (lease.isHolder() ? [`c${n}`] : []));
      expect(holders.length).toBeLessThanOrEqual(1);
      if (holders[0] !== undefined && holders[0] !== last) changes += 1;
      last = holders[0] ?? last;
    }
    expect(changes).toBeGreaterThan(3);
  });

  test('is kept through a short trouble, and trouble is reported', async () => {
    const a = candidate('a');
    await a.attempt(never);
    api.fault({ answer: 503, times: 1 });
    elapsed = 2000;
    await a.attempt(never);
    expect(a.isHolder()).toBe(true);
    expect(problems).toMatchObject([{ status: 503 }]);
    elapsed = 4000;
    await a.attempt(never);
    elapsed = 13_000;
    expect(a.isHolder()).toBe(true);
  });

  test('is given back on close, so that another one has it at once; the loop runs by itself', async () => {
    const changes: string[] = [];
    const open = (identity: string): Lease =>
      createLease({
        client,
        clock: realClock,
        namespace: 'imagegate-system',
        name: 'imagegate',
        identity,
        timing: { duration: 15_000, hold: 10_000, retry: 20 },
        onChange: (holder) => changes.push(`${identity} ${holder}`),
      });
    const [a, b] = [open('a'), open('b')];
    a.start();
    await vi.waitFor(() => expect(a.isHolder()).toBe(true), soon);
    b.start();
    await a.close();
    await vi.waitFor(() => expect(b.isHolder()).toBe(true), soon);
    await b.close();
    expect(changes).toEqual(['a true', 'a false', 'b true', 'b false']);
    expect(held().holderIdentity).toBe('');
  });
});
