import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { defaultEvidenceLimits as limits } from '../../evidence/limits.ts';
import { readConfig } from './config.ts';

const read = (value: unknown): ReturnType<typeof readConfig> =>
  readConfig(new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value)), limits);
const linux = { os: 'linux', architecture: 'amd64' };

describe('the config of an image', () => {
  test('gives platform, time, user, entrypoint and labels', () => {
    const found = read({
      ...linux,
      variant: 'v2',
      created: '2026-01-02T03:04:05.123456789Z',
      config: { User: '1000:1000', Entrypoint: ['/app', '-v'], Labels: { team: 'web' } },
    });
    expect(found).toEqual({
      ok: true,
      value: {
        platform: { ...linux, variant: 'v2' },
        created: Date.parse('2026-01-02T03:04:05.123Z'),
        user: '1000:1000',
        entrypoint: ['/app', '-v'],
        labels: { team: 'web' },
      },
    });
  });

  test.each([
    [linux],
    [{ ...linux, config: null }],
    [{ ...linux, config: { User: null, Entrypoint: null, Labels: null } }],
  ])('that says nothing means root, no entrypoint and no labels: %j', (config) => {
    expect(read(config)).toEqual({
      ok: true,
      value: { platform: linux, user: '', entrypoint: [], labels: {} },
    });
  });

  test.each([
    ['2026-01-02T03:04:05+02:00', Date.parse('2026-01-02T01:04:05Z')],
    ['2026-01-02t03:04:05z', Date.parse('2026-01-02T03:04:05Z')],
    ['1970-01-01T00:00:00Z', 0],
    ['0001-01-01T00:00:00Z', undefined],
    ['2026-02-30T00:00:00Z', undefined],
    ['2026-01-02', undefined],
    ['2026-01-02 03:04:05Z', undefined],
    ['2026-01-02T03:04:05', undefined],
    ['yesterday', undefined],
    [17, undefined],
    [null, undefined],
  ])('created %j is read as %j', (created, expected) => {
    const found = read({ ...linux, created });
    expect(found.ok && found.value.created).toBe(expected);
  });

  test('a label called like a property of every object is there only when the image has it', () => {
    const without = read(linux);
    const having = read(
      `{"os":"linux","architecture":"amd64","config":{"Labels":{"__proto__":"x","constructor":"y"}}}`,
    );
    expect(without.ok && without.value.labels['constructor']).toBeUndefined();
    expect(having.ok && having.value.labels['constructor']).toBe('y');
    expect(having.ok && having.value.labels['__proto__']).toBe('x');
  });

  const refused: readonly (readonly [string, unknown])[] = [
    ['no platform', {}],
    ['half a platform', { os: 'linux', architecture: '' }],
    ['a platform that is no text', { os: 1, architecture: 'amd64' }],
    ['a variant that is no text', { ...linux, variant: 7 }],
    ['a user that is no text', { ...linux, config: { User: 0 } }],
    ['a config that is no object', { ...linux, config: [] }],
    ['an entrypoint that is no list', { ...linux, config: { Entrypoint: '/app' } }],
    ['an entrypoint with a number', { ...linux, config: { Entrypoint: [1] } }],
    ['labels that are no object', { ...linux, config: { Labels: [] } }],
    ['a label that is no text', { ...linux, config: { Labels: { a: null } } }],
  ];
  test.each(refused)('is refused with %s', (_, value) => {
    expect(read(value)).toMatchObject({ ok: false, error: { kind: 'invalid' } });
  });

  test.each(['user', 'USER', 'U\u017fer', 'entrypoint', 'labels'])(
    'is refused with the field %s, which a runtime in Go would take for its own: the image would run as root',
    (name) => {
      const found = read({ ...linux, config: { User: '1000', [name]: '0' } });
      expect(found).toMatchObject({ ok: false, error: { why: expect.stringContaining('another field') } });
    },
  );

  test('other unknown fields are nobody\u2019s business', () => {
    expect(read({ ...linux, history: [{}], rootfs: {}, config: { Cmd: ['x'], Env: ['A=b'] } })).toMatchObject(
      {
        ok: true,
      },
    );
  });

  test.each([
    [
      'labels',
      { Labels: Object.fromEntries(Array.from({ length: limits.labels + 1 }, (_, n) => [`l${n}`, ''])) },
    ],
    ['label bytes', { Labels: { a: 'x'.repeat(limits.labelBytes) } }],
    ['entrypoint', { Entrypoint: ['x'.repeat(limits.labelBytes + 1)] }],
    ['user', { User: 'x'.repeat(limits.labelBytes + 1) }],
  ])('B9: more %s than are looked at is a limit, not an answer', (_, config) => {
    expect(read({ ...linux, config })).toMatchObject({ ok: false, error: { kind: 'limit' } });
  });

  test('whatever the bytes are, the reader answers and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(typeof readConfig(bytes, limits).ok).toBe('boolean');
      }),
    );
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), (text) => {
        expect(typeof read(text).ok).toBe('boolean');
      }),
    );
  });

  test('nothing that is refused by JSON.parse is read, and what it reads is read alike', () => {
    const text = fc.array(fc.constantFrom('{', '}', '[', ']', ',', ':', '"', '\\', 'os', '1'), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(text, (parts) => {
        const found = read(parts.join(''));
        expect(found.ok).toBe(false);
      }),
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string()), (labels) => {
        const found = read({ ...linux, config: { Labels: labels } });
        expect(found.ok && { ...found.value.labels }).toEqual({ ...labels });
      }),
    );
  });
});
