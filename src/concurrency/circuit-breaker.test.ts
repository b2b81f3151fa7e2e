import { expect, test } from 'vitest';
import {
  type CircuitBreaker,
  createCircuitBreaker,
  type CallOutcome,
  type Permit,
} from './circuit-breaker.ts';

const clockAt = () => {
  let time = 0;
  return { monotonic: () => time, pass: (milliseconds: number) => (time += milliseconds) };
};
const refused = 'connection refused';
const permitOf = (breaker: CircuitBreaker<string>): Permit<string> => {
  const answer = breaker.acquire();
  if (answer.open) throw new Error('the breaker is open');
  return answer;
};
const happen = (breaker: CircuitBreaker<string>, ...outcomes: readonly CallOutcome[]): void => {
  for (const outcome of outcomes) permitOf(breaker).record(outcome, refused);
};
const five: readonly CallOutcome[] = ['failure', 'failure', 'failure', 'failure', 'failure'];

test('five failures in a row open it, four do not', () => {
  const breaker = createCircuitBreaker<string>(clockAt());
  happen(breaker, 'failure', 'failure', 'failure', 'failure');
  expect(breaker.openCircuit()).toBeUndefined();
  happen(breaker, 'failure');
  expect(breaker.acquire()).toEqual({ open: true, retryAfter: 1000, lastFailure: refused });
});

test('an answer in between starts the count again, an unknown outcome does not', () => {
  const breaker = createCircuitBreaker<string>(clockAt());
  happen(
    breaker,
    'failure',
    'failure',
    'failure',
    'failure',
    'success',
    'failure',
    'failure',
    'ignored',
    'failure',
  );
  expect(breaker.openCircuit()).toBeUndefined();
  happen(breaker, 'failure', 'failure');
  expect(breaker.openCircuit()).toBeDefined();
});

test('after the pause one request probes while others are refused; its answer closes the breaker', () => {
  const clock = clockAt();
  const breaker = createCircuitBreaker<string>(clock);
  happen(breaker, ...five);
  clock.pass(1000);
  const probe = permitOf(breaker);
  expect(breaker.acquire().open).toBe(true);
  probe.record('success');
  permitOf(breaker);
  permitOf(breaker);
});

test('every failed probe doubles the pause, up to thirty seconds', () => {
  const clock = clockAt();
  const breaker = createCircuitBreaker<string>(clock);
  happen(breaker, ...five);
  const openTimes: number[] = [];
  for (let round = 0; round < 7; round++) {
    const { retryAfter } = breaker.openCircuit()!;
    openTimes.push(retryAfter);
    clock.pass(retryAfter - 1);
    expect(breaker.acquire().open).toBe(true);
    clock.pass(1);
    happen(breaker, 'failure');
  }
  expect(openTimes).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test('a probe that says nothing leaves the next one to probe', () => {
  const clock = clockAt();
  const breaker = createCircuitBreaker<string>(clock);
  happen(breaker, ...five);
  clock.pass(1000);
  happen(breaker, 'ignored', 'success');
  expect(breaker.openCircuit()).toBeUndefined();
});

test('requests sent before it opened neither lengthen the pause nor count twice', () => {
  const clock = clockAt();
  const breaker = createCircuitBreaker<string>(clock);
  const early = [permitOf(breaker), permitOf(breaker)];
  happen(breaker, ...five);
  clock.pass(400);
  early[0]!.record('failure', refused);
  expect(breaker.openCircuit()).toMatchObject({ retryAfter: 600 });
  early[1]!.record('success');
  early[1]!.record('failure');
  expect(breaker.openCircuit()).toBeUndefined();
});
