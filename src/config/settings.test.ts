import { describe, expect, test } from 'vitest';
import { definitions, flagOf, settingKeys, settings, variableOf } from './settings.ts';
import type { Shape } from './shape.ts';

describe('the table of settings', () => {
  const named = settings.filter(({ flag }) => flag !== undefined);

  test('gives every setting a flag and a variable, but for those that only a file can hold', () => {
    expect(settings.filter(({ flag }) => flag === undefined).map(({ key }) => key)).toEqual(['workloads']);
    expect(named.every(({ variable }) => variable !== undefined)).toBe(true);
  });

  test.each([
    ['listen', '--listen', 'IMAGEGATE_LISTEN'],
    ['tlsCert', '--tls-cert', 'IMAGEGATE_TLS_CERT'],
    ['recordMaxBytes', '--record-max-bytes', 'IMAGEGATE_RECORD_MAX_BYTES'],
  ] as const)('%s is %s and %s', (key, flag, variable) => {
    expect(flagOf(key)).toBe(flag);
    expect(variableOf(key)).toBe(variable);
  });

  test('R17: no flag begins with --port or --service-', () => {
    expect(named.filter(({ flag = '' }) => /^--(port|service-)/.test(flag))).toEqual([]);
  });

  test('R17: no variable can be one that Kubernetes sets for a Service', () => {
    const injected = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_\w+)?)?)$/;
    expect(named.filter(({ variable = '' }) => injected.test(variable))).toEqual([]);
  });

  test.each(settings.map((setting) => [setting.key, setting] as const))(
    '%s has a description and an example that it would accept itself',
    (key, { description, example }) => {
      expect(description).toMatch(/^[A-Z].*\.$/);
      const { shape } = definitions[key] as unknown as { shape: Shape<unknown> };
      if (shape.kind === 'document') return;
      const texts = shape.commas ? example.split(',') : [example];
      expect(shape.parse(texts)).toMatchObject({ ok: true });
    },
  );

  test.each([
    ['listen', '127.0.0.1:8443'],
    ['admin', '127.0.0.1:8080'],
    ['data', './.imagegate'],
    ['clientName', 'kube-apiserver'],
    ['unknownKinds', 'allow'],
    ['bootstrapNamespaces', 'kube-system'],
    ['recordMaxAge', '30d'],
    ['recordMaxBytes', '1GiB'],
    ['cluster', 'false'],
    ['pullSecrets', 'false'],
  ])('%s is %s unless told otherwise', (key, fallback) => {
    expect(settings.find((setting) => setting.key === key)?.fallback).toBe(fallback);
  });

  test('shows no default where unset is the default', () => {
    expect(settings.find(({ key }) => key === 'unmatched')).not.toHaveProperty('fallback');
  });

  test('lists every key once', () => expect(new Set(settingKeys).size).toBe(settings.length));
});
