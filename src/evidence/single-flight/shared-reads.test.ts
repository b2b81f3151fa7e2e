import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Clock } from '../../concurrency/clock.ts';
import { createFakeClock, failure } from '../../../test/fakes/evidence/evidence-sources.ts';
import { createSharedReads as create } from './shared-reads.ts';
import type { RegistryAnswer } from '../ports.ts';
import { createReadBudget, type Reading } from '../resolve/read-budget.ts';
import { requesterFor } from './shared-requester.ts';

const plan = { key: 'k', host: 'registry.example.com', stage: 'manifest' } as const;
const limits = { sharedReads: 8, sharedReadTimeout: 10_000, silence: 2000, reviewBytes: 2000 };
const createSharedReads = (some: typeof limits, clock: Clock, rows: readonly string[] = []) =>
  create(some, clock, (host) => rows.includes(host));
const done: RegistryAnswer<string> = { state: 'known', value: 'done' };
const patient = (): Reading => createReadBudget(new AbortController().signal, 1000);

/** Work that ends when told. */
const controlled = () => {
  const { promise, resolve, reject } = Promise.withResolvers<RegistryAnswer<string>>();
  const readings: Reading[] = [];
  const work = (reading: Reading): Promise<RegistryAnswer<string>> => {
    readings.push(reading);
    return promise;
  };
  return { work, readings, resolve, reject };
};

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a shared read', () => {
  test('does the work once for all who wait', async () => {
    const reads = createSharedReads(limits, createFakeClock());
    const { work, readings, resolve } = controlled();
    const answers = Array.from({ length: 100 }, () => reads.do(plan, patient(), work));
    resolve(done);
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 100 }, () => done));
    expect(readings).toHaveLength(1);
    expect(reads.underWay).toBe(0);
  });

  test('shares one failure among those who wait, and with nobody who comes later', async () => {
    const reads = createSharedReads(limits, createFakeClock());
    const { work, resolve } = controlled();
    const answers = [reads.do(plan, patient(), work), reads.do(plan, patient(), work)];
    resolve(failure('unreachable'));
    expect(await Promise.all(answers)).toEqual([failure('unreachable'), failure('unreachable')]);
    expect(await reads.do(plan, patient(), () => Promise.resolve(done))).toEqual(done);
  });

  test('lets each leave at its own deadline and goes on for the others', async () => {
    const reads = createSharedReads(limits, createFakeClock());
    const { work, readings, resolve } = controlled();
    const hurried = new AbortController();
    const early = reads.do(plan, createReadBudget(hurried.signal, 1000), work);
    const late = reads.do(plan, patient(), work);
    hurried.abort();
    expect(await early).toMatchObject({ why: { kind: 'timeout', stage: 'manifest', host: plan.host } });
    expect(readings[0]?.signal.aborted).toBe(false);
    resolve(done);
    expect(await late).toEqual(done);
  });

  test('R25: goes on when the last one has left at its deadline, and the next caller finds it', async () => {
    const reads = createSharedReads(limits, createFakeClock());
    const { work, readings, resolve } = controlled();
    const hurried = [new AbortController(), new AbortController()];
    const answers = hurried.map(({ signal }) => reads.do(plan, createReadBudget(signal, 1000), work));
    for (const one of hurried) one.abort();
    await Promise.all(answers);
    expect(readings[0]?.signal.aborted).toBe(false);
    const next = reads.do(plan, patient(), () => Promise.reject(new Error('read twice')));
    resolve(done);
    expect(await next).toEqual(done);
    expect(reads.underWay).toBe(0);
  });

  test('R25: that nobody waits for ends at its own time, and reads no more than a review may', async () => {
    const reads = createSharedReads(limits, createFakeClock());
    const { work, readings } = controlled();
    const hurried = new AbortController();
    const answer = reads.do(plan, createReadBudget(hurried.signal, 1000), work);
    hurried.abort();
    await answer;
    expect(readings[0]?.take(limits.reviewBytes)).toBe(true);
    expect(readings[0]?.take(1)).toBe(false);
    await vi.advanceTimersByTimeAsync(limits.sharedReadTimeout);
    expect(readings[0]?.signal.aborted).toBe(true);
  });

  test('has a deadline of its own, also when the work does not listen', async () => {
    const reads = createSharedReads(limits, createFakeClock());
    const { work, readings } = controlled();
    const answer = reads.do(plan, patient(), work);
    await vi.advanceTimersByTimeAsync(limits.sharedReadTimeout);
    expect(await answer).toMatchObject({ state: 'unavailable', why: { kind: 'timeout' } });
    expect(readings[0]?.signal.aborted).toBe(true);
    expect(reads.underWay).toBe(1);
  });

  test('takes nobody in in its second half, who would fail with it', async () => {
    const clock = createFakeClock();
    const reads = createSharedReads(limits, clock);
    const first = controlled();
    const early = reads.do(plan, patient(), first.work);
    clock.pass(limits.sharedReadTimeout / 2);
    expect(await reads.do(plan, patient(), () => Promise.resolve(done))).toEqual(done);
    first.resolve(done);
    expect(await early).toEqual(done);
  });

  test('says at which stage the time ran out', async () => {
    const reads = createSharedReads(limits, createFakeClock());
    const { work, readings } = controlled();
    const hurried = new AbortController();
    const answer = reads.do(plan, createReadBudget(hurried.signal, 1000), work);
    readings[0]?.waitsIn('blob');
    hurried.abort();
    expect(await answer).toMatchObject({ why: { stage: 'blob' } });
  });

  test('within a shared read passes on what it waits for, and goes on with it', async () => {
    const reads = createSharedReads(limits, createFakeClock());
    const inner = controlled();
    const hurried = new AbortController();
    const answer = reads.do(plan, createReadBudget(hurried.signal, 1000), (reading) =>
      reads.do({ ...plan, key: 'inner', stage: 'blob' }, reading, inner.work),
    );
    hurried.abort();
    expect(await answer).toMatchObject({ why: { stage: 'blob' } });
    expect(inner.readings[0]?.signal.aborted).toBe(false);
    await vi.advanceTimersByTimeAsync(limits.sharedReadTimeout);
    expect(inner.readings[0]?.signal.aborted).toBe(true);
  });

  test('hands a bug to everybody who waits, and is gone', async () => {
    const reads = createSharedReads(limits, createFakeClock());
    const { work, reject } = controlled();
    const answers = [reads.do(plan, patient(), work), reads.do(plan, patient(), work)];
    reject(new Error('a bug'));
    for (const answer of answers) await expect(answer).rejects.toThrow('a bug');
    expect(reads.underWay).toBe(0);
  });

  test('is not begun for a review whose time is over', async () => {
    const reads = createSharedReads(limits, createFakeClock());
    const answer = await reads.do(plan, createReadBudget(AbortSignal.abort(), 1000), () => {
      throw new Error('must not be begun');
    });
    expect(answer).toMatchObject({ why: { kind: 'timeout' } });
  });
});

describe('bounds', () => {
  test('past half of the capacity a new work of one namespace is refused, a known one still joined', async () => {
    const reads = createSharedReads(limits, createFakeClock());
    const { work, resolve } = controlled();
    const held = ['a', 'b', 'c', 'e'].map((key) => reads.do({ ...plan, key }, patient(), work));
    const refused = await reads.do({ ...plan, key: 'd' }, patient(), work);
    expect(refused).toMatchObject({ state: 'unavailable', why: { kind: 'busy', stage: 'queue' } });
    const joined = reads.do({ ...plan, key: 'a' }, patient(), work);
    resolve(done);
    expect(await joined).toEqual(done);
    await Promise.all(held);
  });

  test('bytes are taken from each waiter; one that has spent its share leaves, the rest goes on', async () => {
    const reads = createSharedReads(limits, createFakeClock());
    const { work, readings, resolve } = controlled();
    const poor = reads.do(plan, createReadBudget(new AbortController().signal, 10), work);
    const rich = reads.do(plan, patient(), work);
    expect(readings[0]?.take(11)).toBe(true);
    expect(await poor).toMatchObject({ why: { kind: 'limit' } });
    const late = reads.do(plan, createReadBudget(new AbortController().signal, 10), work);
    expect(await late).toMatchObject({ why: { kind: 'limit' } });
    expect(readings[0]?.take(1000)).toBe(false);
    expect(await rich).toMatchObject({ why: { kind: 'limit' } });
    resolve(done);
  });
});

describe('R26: reads under way', () => {
  const of = (namespace: string, signal = new AbortController().signal): Reading =>
    createReadBudget(signal, 1000, requesterFor(namespace));
  const fewReads = { ...limits, sharedReads: 16 };

  test('two namespaces that read as much as they can leave a third its quarter', async () => {
    const reads = createSharedReads(fewReads, createFakeClock());
    const { work, resolve } = controlled();
    const all: Promise<RegistryAnswer<string>>[] = [];
    for (const namespace of ['evil', 'worse', 'shop'])
      for (let at = 0; at < 64; at++)
        all.push(reads.do({ ...plan, key: `${namespace} ${String(at)}` }, of(namespace), work));
    resolve(done);
    const read = (await Promise.all(all)).map(({ state }) => state === 'known');
    const counts = [0, 64, 128].map((from) => read.slice(from, from + 64).filter(Boolean).length);
    expect(counts).toEqual([8, 4, 4]);
  });

  test('hosts with a row have reads of their own', async () => {
    const reads = createSharedReads(fewReads, createFakeClock(), ['own.example.com']);
    const { work, resolve } = controlled();
    for (let at = 0; at < 64; at++) void reads.do({ ...plan, key: String(at) }, of('evil'), work);
    const own = { ...plan, key: 'own', host: 'own.example.com' };
    const answer = reads.do(own, of('evil'), work);
    expect(await reads.do({ ...plan, key: 'other' }, of('evil'), work)).toMatchObject({
      why: { kind: 'busy' },
    });
    resolve(done);
    expect(await answer).toEqual(done);
  });

  test.each<[string, (reading: Reading) => Reading]>([
    ['through a read within it', (reading) => reading],
    [
      'through one that tells it nothing of its progress',
      (reading) => ({
        ...reading,
        requester: { ...reading.requester, asked: () => {}, answered: () => {} },
      }),
    ],
  ])('a read that somebody joins waits in the line of that namespace too, %s', (_how, within) => {
    const reads = createSharedReads(fewReads, createFakeClock());
    const inner = controlled();
    const outer = (reading: Reading): Promise<RegistryAnswer<string>> =>
      reads.do({ ...plan, key: 'inner' }, within(reading), inner.work);
    void reads.do(plan, of('evil'), outer);
    const owners = (): readonly string[] => [...(inner.readings[0]?.requester.owners() ?? [])];
    expect(owners()).toEqual(['evil']);
    void reads.do(plan, of('shop'), outer);
    expect(owners()).toEqual(['evil', 'shop']);
  });
});

describe('R25: what a passed deadline says', () => {
  const pass = async (
    happen: (reading: Reading, clock: ReturnType<typeof createFakeClock>) => void,
  ): Promise<RegistryAnswer<string>> => {
    const clock = createFakeClock();
    const reads = createSharedReads(limits, clock);
    const { work, readings } = controlled();
    const hurried = new AbortController();
    const answer = reads.do(plan, createReadBudget(hurried.signal, 1000), work);
    const [reading] = readings;
    if (reading === undefined) throw new Error('nothing was begun');
    happen(reading, clock);
    hurried.abort();
    return answer;
  };
  const isExcusable = (answer: RegistryAnswer<string>): boolean =>
    answer.state === 'unavailable' && answer.why.excusable === true;
  const host = 'registry.example.com';

  test.each<[string, boolean, Parameters<typeof pass>[0]]>([
    [
      'a host that was asked and says nothing is down',
      true,
      ({ requester }, clock) => (requester.asked(host), clock.pass(limits.silence)),
    ],
    [
      'a token server that says nothing is down, though its registry answered',
      true,
      ({ requester }, clock) => {
        requester.asked(host);
        requester.answered(host);
        requester.asked('auth.example.com');
        clock.pass(limits.silence);
      },
    ],
    ['nobody was asked while it waited for its turn', false, (_reading, clock) => clock.pass(9000)],
    [
      'it had too little time to answer',
      false,
      ({ requester }, clock) => (requester.asked(host), clock.pass(limits.silence - 1)),
    ],
    [
      'answers were coming, however slowly',
      false,
      ({ requester }, clock) => {
        requester.asked(host);
        clock.pass(5000);
        requester.answered(host);
        requester.asked(host);
        clock.pass(5000);
      },
    ],
  ])('%s: excusable is %s', async (_title, excusable, happen) => {
    expect(isExcusable(await pass(happen))).toBe(excusable);
  });
});
