import { describe, expect, test } from 'vitest';
import { definitions, flagOf, settingKeys, settings, variableOf } from './settings.ts';
import type { Shape, TextShape } from '../values/shape.ts';

describe('the table of settings', () => {
  const named = settings.filter(({ flag }) => flag !== undefined);

  test('gives every setting a flag and a variable, but for those that only a file can hold and for proxies', () => {
    const unnamed = settings.filter(({ flag }) => flag === undefined);
    expect(unnamed.map(({ key, variable }) => [key, variable])).toEqual([
      ['workloads', undefined],
      ['registries', undefined],
      ['registryDefaults', undefined],
      ['registryEvents', undefined],
      ['advisories', undefined],
      ['endOfLife', undefined],
      ['scan', undefined],
      ['httpsProxy', 'HTTPS_PROXY'],
      ['httpProxy', 'HTTP_PROXY'],
      ['noProxy', 'NO_PROXY'],
    ]);
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
    ['recordMaxBytes', '512MiB'],
    ['inventoryMaxAge', '90d'],
    ['inventoryMaxBytes', '256MiB'],
    ['cluster', 'false'],
    ['evidenceCache', '512MiB'],
    ['evidenceMemory', '64MiB'],
    ['pullSecrets', 'false'],
  ])('%s is %s unless told otherwise', (key, fallback) => {
    expect(settings.find((setting) => setting.key === key)?.fallback).toBe(fallback);
  });

  const textShape = (key: 'cloudIdentities' | 'evidenceCache'): TextShape<unknown> => {
    const { shape } = definitions[key] as unknown as { shape: Shape<unknown> };
    if (shape.kind !== 'text') throw new Error(`${key} is no text`);
    return shape;
  };

  test('no cloud is asked for credentials unless it was switched on', () => {
    const { parse } = textShape('cloudIdentities');
    expect(definitions.cloudIdentities.fallback).toEqual([]);
    expect(parse(['ecr', 'gar'])).toEqual({ ok: true, value: ['ecr', 'gar'] });
    expect(parse(['gcr'])).toMatchObject({
      ok: false,
      error: '"gcr" is not one of gar, acr, ecr; did you mean gar?',
    });
  });

  test.each([
    ['0', 0],
    ['1GiB', 2 ** 30],
  ])('evidenceCache may be %s, and is printed like that', (text, bytes) => {
    const shape = textShape('evidenceCache');
    expect(shape.parse([text])).toEqual({ ok: true, value: bytes });
    expect(shape.show(bytes)).toBe(text);
  });

  test('shows no default where unset is the default', () => {
    expect(settings.find(({ key }) => key === 'unmatched')).not.toHaveProperty('fallback');
  });

  test('lists every key once', () => expect(new Set(settingKeys).size).toBe(settings.length));
});
