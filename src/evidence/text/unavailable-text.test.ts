import { describe, expect, test } from 'vitest';
import type { RegistryFailure } from '../ports.ts';
import { unavailableText } from './unavailable-text.ts';

const failure = (more: Partial<RegistryFailure>): RegistryFailure => ({
  kind: 'unreachable',
  stage: 'connect',
  host: 'registry.example.com',
  why: 'connection refused',
  ...more,
});

describe('the fix of an image that could not be looked at', () => {
  test.each<[string, Partial<RegistryFailure>]>([
    ['a registry that is down', { excusable: true }],
    ['a registry that did not answer in time', { kind: 'timeout' }],
    ['a registry that asks to slow down', { kind: 'paced' }],
    ['a gate that has no capacity', { kind: 'busy' }],
  ])('is to try again for %s', (_title, more) => {
    expect(unavailableText(failure(more), 'anonymous', 1).remedy).toMatch(/^try again/);
  });

  test.each<[string, Partial<RegistryFailure>, RegExp]>([
    ['a certificate that nobody trusts', { why: 'its certificate has expired' }, /certificate/],
    ['a host that is not asked', { kind: 'refused' }, /name of the image/],
    ['a login that is refused', { kind: 'denied' }, /pull secret/],
    ['an answer of something else', { kind: 'invalid' }, /what answers under this address/],
    ['an image that is broken', { kind: 'invalid', unreadable: true }, /^build the image/],
    ['an image that is too large', { kind: 'limit' }, /smaller/],
    ['a cause that knows its fix', { kind: 'denied', remedy: 'list it' }, /^list it$/],
  ])('is its own for %s, and not to try again', (_title, more, remedy) => {
    const text = unavailableText(failure(more), 'anonymous', 1);
    expect(text.remedy).toMatch(remedy);
    expect(text.remedy).not.toMatch(/try again/);
  });
});

describe('the reason of an image that could not be looked at', () => {
  const long = (head: string): string => `${head}${'x'.repeat(600)}.example.com`;
  test('comes first, and is whole beside names of any length', () => {
    const { what, why } = unavailableText(failure({ host: long('registry-') }), long('docker config /'), 1);
    expect(why).toMatch(/^connection refused, with docker config \/x+…x+\.example\.com, after 1 ms$/);
    expect(what).toMatch(/^registry-x+…x+\.example\.com: connect$/);
    expect(`${what}: ${why}`.length).toBeLessThan(512);
  });
});
