import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createFakeClock, failure } from '../../test/fakes/evidence-sources.ts';
import { createFlights } from './flights.ts';
import type { RegistryAnswer } from './ports.ts';
import { createReadBudget, type Reading } from './read-budget.ts';

const plan = { key: 'k', host: 'registry.example.com', stage: 'manifest' } as const;
const limits = { flights: 3, flightTime: 10_000 };
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

describe('a flight', () => {
  test('does the work once for all who wait', async () => {
    const flights = createFlights(limits, createFakeClock());
    const { work, readings, resolve } = controlled();
    const answers = Array.from({ length: 100 }, () => flights.fly(plan, patient(), work));
    resolve(done);
    expect(await Promise.all(answers)).toEqual(Array.from({ length: 100 }, () => done));
    expect(readings).toHaveLength(1);
    expect(flights.underWay).toBe(0);
  });

  test('shares one failure among those who wait, and with nobody who comes later', async () => {
    const flights = createFlights(limits, createFakeClock());
    const { work, resolve } = controlled();
    const answers = [flights.fly(plan, patient(), work), flights.fly(plan, patient(), work)];
    resolve(failure('unreachable'));
    expect(await Promise.all(answers)).toEqual([failure('unreachable'), failure('unreachable')]);
    expect(await flights.fly(plan, patient(), () => Promise.resolve(done))).toEqual(done);
  });

  test('lets each leave at its own deadline and goes on for the others', async () => {
    const flights = createFlights(limits, createFakeClock());
    const { work, readings, resolve } = controlled();
    const hurried = new AbortController();
    const early = flights.fly(plan, createReadBudget(hurried.signal, 1000), work);
    const late = flights.fly(plan, patient(), work);
    hurried.abort();
    expect(await early).toMatchObject({ failure: { kind: 'timeout', stage: 'manifest', host: plan.host } });
    expect(readings[0]?.signal.aborted).toBe(false);
    resolve(done);
    expect(await late).toEqual(done);
  });

  test('ends when the last one has left, and the next one starts anew', async () => {
    const flights = createFlights(limits, createFakeClock());
    const { work, readings } = controlled();
    const hurried = [new AbortController(), new AbortController()];
    const answers = hurried.map(({ signal }) => flights.fly(plan, createReadBudget(signal, 1000), work));
    for (const one of hurried) one.abort();
    await Promise.all(answers);
    expect(readings[0]?.signal.aborted).toBe(true);
    expect(await flights.fly(plan, patient(), () => Promise.resolve(done))).toEqual(done);
  });

  test('has a deadline of its own, also when the work does not listen', async () => {
    const flights = createFlights(limits, createFakeClock());
    const { work, readings } = controlled();
    const answer = flights.fly(plan, patient(), work);
    await vi.advanceTimersByTimeAsync(limits.flightTime);
    expect(await answer).toMatchObject({ state: 'unavailable', failure: { kind: 'timeout' } });
    expect(readings[0]?.signal.aborted).toBe(true);
    expect(flights.underWay).toBe(1);
  });

  test('takes nobody on board in its second half, who would fail with it', async () => {
    const clock = createFakeClock();
    const flights = createFlights(limits, clock);
    const first = controlled();
    const early = flights.fly(plan, patient(), first.work);
    clock.pass(limits.flightTime / 2);
    expect(await flights.fly(plan, patient(), () => Promise.resolve(done))).toEqual(done);
    first.resolve(done);
    expect(await early).toEqual(done);
  });

  test('says at which stage the time ran out', async () => {
    const flights = createFlights(limits, createFakeClock());
    const { work, readings } = controlled();
    const hurried = new AbortController();
    const answer = flights.fly(plan, createReadBudget(hurried.signal, 1000), work);
    readings[0]?.waitsIn('blob');
    hurried.abort();
    expect(await answer).toMatchObject({ failure: { stage: 'blob' } });
  });

  test('within a flight passes on what it waits for, and ends with it', async () => {
    const flights = createFlights(limits, createFakeClock());
    const inner = controlled();
    const hurried = new AbortController();
    const answer = flights.fly(plan, createReadBudget(hurried.signal, 1000), (reading) =>
      flights.fly({ ...plan, key: 'inner', stage: 'blob' }, reading, inner.work),
    );
    hurried.abort();
    expect(await answer).toMatchObject({ failure: { stage: 'blob' } });
    expect(inner.readings[0]?.signal.aborted).toBe(true);
  });

  test('hands a bug to everybody who waits, and is gone', async () => {
    const flights = createFlights(limits, createFakeClock());
    const { work, reject } = controlled();
    const answers = [flights.fly(plan, patient(), work), flights.fly(plan, patient(), work)];
    reject(new Error('a bug'));
    for (const answer of answers) await expect(answer).rejects.toThrow('a bug');
    expect(flights.underWay).toBe(0);
  });

  test('is not begun for a review whose time is over', async () => {
    const flights = createFlights(limits, createFakeClock());
    const answer = await flights.fly(plan, createReadBudget(AbortSignal.abort(), 1000), () => {
      throw new Error('must not be begun');
    });
    expect(answer).toMatchObject({ failure: { kind: 'timeout' } });
  });
});

describe('bounds', () => {
  test('past so many works under way a new one is refused, a known one still joined', async () => {
    const flights = createFlights(limits, createFakeClock());
    const { work, resolve } = controlled();
    const held = ['a', 'b', 'c'].map((key) => flights.fly({ ...plan, key }, patient(), work));
    const refused = await flights.fly({ ...plan, key: 'd' }, patient(), work);
    expect(refused).toMatchObject({ state: 'unavailable', failure: { kind: 'limit', stage: 'queue' } });
    const joined = flights.fly({ ...plan, key: 'a' }, patient(), work);
    resolve(done);
    expect(await joined).toEqual(done);
    await Promise.all(held);
  });

  test('bytes are booked on each who waits; who has spent its share leaves, the rest goes on', async () => {
    const flights = createFlights(limits, createFakeClock());
    const { work, readings, resolve } = controlled();
    const poor = flights.fly(plan, createReadBudget(new AbortController().signal, 10), work);
    const rich = flights.fly(plan, patient(), work);
    expect(readings[0]?.take(11)).toBe(true);
    expect(await poor).toMatchObject({ failure: { kind: 'limit' } });
    const late = flights.fly(plan, createReadBudget(new AbortController().signal, 10), work);
    expect(await late).toMatchObject({ failure: { kind: 'limit' } });
    expect(readings[0]?.take(1000)).toBe(false);
    expect(await rich).toMatchObject({ failure: { kind: 'limit' } });
    resolve(done);
  });
});
