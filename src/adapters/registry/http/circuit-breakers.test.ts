import { describe, expect, test } from 'vitest';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import type { CallOutcome } from '../../../concurrency/circuit-breaker.ts';
import { type CircuitBreakers, createCircuitBreakers } from './circuit-breakers.ts';
import { failure, hostOutage } from '../network/failure.ts';

const refused = hostOutage('connect', 'registry.example.com', 'connection refused');
const gateway = hostOutage('manifest', 'registry.example.com', 'it answered 502');

const start = () => {
  let time = 0;
  const breakers = createCircuitBreakers({ monotonic: () => time });
  return { breakers, pass: (milliseconds: number) => (time += milliseconds) };
};
const happen = (
  breakers: CircuitBreakers,
  path: string,
  why: RegistryFailure,
  outcome: CallOutcome = 'failure',
): void => {
  const permit = breakers.acquire(path);
  if (!permit.open) permit.record(outcome, why);
};
const fail = (breakers: CircuitBreakers, path: string, why: RegistryFailure): void => {
  for (let count = 0; count < 5; count++) happen(breakers, path, why);
};

describe('the breakers of one host', () => {
  test('R26: a path that always answers 502 is left alone, and nobody else is refused for it', () => {
    const { breakers } = start();
    fail(breakers, 'cache/gone', gateway);
    expect(breakers.openCircuit('cache/gone')).toMatchObject({ lastFailure: gateway });
    expect(breakers.acquire('cache/gone')).toMatchObject({ open: true });
    expect(breakers.openCircuit('team/app')).toBeUndefined();
    expect(breakers.acquire('team/app')).toMatchObject({ open: false });
  });

  test('a host that does not connect is left alone, whatever is asked for', () => {
    const { breakers } = start();
    for (const path of ['a', 'b', 'c', 'd', 'e']) happen(breakers, path, refused);
    expect(breakers.openCircuit('team/app')).toMatchObject({ lastFailure: refused });
    expect(breakers.isOpen()).toBe(true);
  });

  test('one request probes a path after its pause, and its answer closes the breaker', () => {
    const { breakers, pass } = start();
    fail(breakers, 'team/app', gateway);
    pass(1000);
    const probe = breakers.acquire('team/app');
    expect(breakers.acquire('team/app')).toMatchObject({ open: true });
    if (!probe.open) probe.record('success', gateway);
    expect(breakers.openCircuit('team/app')).toBeUndefined();
    expect(breakers.isOpen()).toBe(false);
  });

  test('failures of requests that were under way together count, and an answer in between starts anew', () => {
    const { breakers } = start();
    const together = Array.from({ length: 5 }, () => breakers.acquire('team/app'));
    for (const permit of together) if (!permit.open) permit.record('failure', gateway);
    expect(breakers.openCircuit('team/app')).toBeDefined();
    const other = start().breakers;
    for (let count = 0; count < 4; count++) happen(other, 'team/app', gateway);
    happen(other, 'team/app', gateway, 'success');
    for (let count = 0; count < 4; count++) happen(other, 'team/app', gateway);
    expect(other.openCircuit('team/app')).toBeUndefined();
  });

  test('an unknown outcome of a host that is left alone keeps no probe', () => {
    const { breakers, pass } = start();
    fail(breakers, 'team/app', refused);
    pass(1000);
    happen(breakers, 'team/app', failure('busy', 'queue', 'registry.example.com', 'busy'), 'ignored');
    expect(breakers.openCircuit('team/app')).toBeUndefined();
  });

  test('made-up paths that fail are kept up to a bound', () => {
    const { breakers } = start();
    for (let at = 0; at < 65; at++) fail(breakers, `made/up-${String(at)}`, gateway);
    expect(breakers.openCircuit('made/up-0')).toBeUndefined();
    expect(breakers.openCircuit('made/up-64')).toBeDefined();
  });
});
