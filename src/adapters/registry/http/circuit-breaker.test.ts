import { expect, test } from 'vitest';
import { type Breaker, createBreaker, type Health, type Leave } from './circuit-breaker.ts';
import { outage } from '../network/failure.ts';

const clockAt = () => {
  let time = 0;
  return { monotonic: () => time, pass: (milliseconds: number) => (time += milliseconds) };
};
const refused = outage('connect', 'registry.example.com', 'connection refused');
const leaveOf = (breaker: Breaker): Leave => {
  const answer = breaker.ask();
  if (answer.open) throw new Error('the breaker is open');
  return answer;
};
const happen = (breaker: Breaker, ...healths: readonly Health[]): void => {
  for (const health of healths) leaveOf(breaker).settle(health, refused);
};
const five: readonly Health[] = ['failed', 'failed', 'failed', 'failed', 'failed'];

test('five failures in a row open it, four do not', () => {
  const breaker = createBreaker(clockAt());
  happen(breaker, 'failed', 'failed', 'failed', 'failed');
  expect(breaker.refusal()).toBeUndefined();
  happen(breaker, 'failed');
  expect(breaker.ask()).toEqual({ open: true, again: 1000, last: refused });
});

test('an answer in between starts the count again, an unknown outcome does not', () => {
  const breaker = createBreaker(clockAt());
  happen(
    breaker,
    'failed',
    'failed',
    'failed',
    'failed',
    'answered',
    'failed',
    'failed',
    'unknown',
    'failed',
  );
  expect(breaker.refusal()).toBeUndefined();
  happen(breaker, 'failed', 'failed');
  expect(breaker.refusal()).toBeDefined();
});

test('after the pause one request probes while others are refused; its answer closes the breaker', () => {
  const clock = clockAt();
  const breaker = createBreaker(clock);
  happen(breaker, ...five);
  clock.pass(1000);
  const probe = leaveOf(breaker);
  expect(breaker.ask().open).toBe(true);
  probe.settle('answered');
  leaveOf(breaker);
  leaveOf(breaker);
});

test('every failed probe doubles the pause, up to thirty seconds', () => {
  const clock = clockAt();
  const breaker = createBreaker(clock);
  happen(breaker, ...five);
  const pauses: number[] = [];
  for (let round = 0; round < 7; round++) {
    const { again } = breaker.refusal()!;
    pauses.push(again);
    clock.pass(again - 1);
    expect(breaker.ask().open).toBe(true);
    clock.pass(1);
    happen(breaker, 'failed');
  }
  expect(pauses).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test('a probe that says nothing leaves the next one to probe', () => {
  const clock = clockAt();
  const breaker = createBreaker(clock);
  happen(breaker, ...five);
  clock.pass(1000);
  happen(breaker, 'unknown', 'answered');
  expect(breaker.refusal()).toBeUndefined();
});

test('requests sent before it opened neither lengthen the pause nor count twice', () => {
  const clock = clockAt();
  const breaker = createBreaker(clock);
  const early = [leaveOf(breaker), leaveOf(breaker)];
  happen(breaker, ...five);
  clock.pass(400);
  early[0]!.settle('failed', refused);
  expect(breaker.refusal()).toMatchObject({ again: 600 });
  early[1]!.settle('answered');
  early[1]!.settle('failed');
  expect(breaker.refusal()).toBeUndefined();
});
