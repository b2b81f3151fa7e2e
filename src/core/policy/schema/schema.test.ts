import { describe, expect, test } from 'vitest';
import { readMatch, readPolicy } from './schema.ts';
import { anyExpression } from '../../../../test/fakes/policy-set.ts';

const policy = (spec: unknown, metadata: object = { name: 'production' }): unknown => ({
  apiVersion: 'imagegate.dev/v1alpha1',
  kind: 'ImagePolicy',
  metadata,
  spec,
});
const withCheck = (...checks: unknown[]): unknown => policy({ checks });
const digest = { digest: { require: true } };

/** Each problem as `path: message -> suggestion`. */
const problems = (value: unknown): readonly string[] => {
  const read = readPolicy(value, anyExpression);
  if (read.ok) return [];
  return read.error.map(
    ({ path, message, suggestion }) =>
      `${path.join('.')}: ${message}${suggestion === undefined ? '' : ` -> ${suggestion}`}`,
  );
};

describe('a valid policy', () => {
  test('gets every default', () => {
    const read = readPolicy(
      withCheck({ registries: { allow: ['a.io/**'] } }, digest, { tags: { deny: ['latest'] } }),
      anyExpression,
    );
    expect(read).toEqual({
      ok: true,
      value: policy({
        mode: 'Deny',
        onUnavailable: 'Deny',
        match: {
          namespaces: { include: ['*'], exclude: [] },
          namespaceSelector: {},
          objectSelector: {},
          images: ['**'],
        },
        multiArch: { mode: 'reference', platforms: [] },
        staleFor: '0s',
        checks: [
          { registries: { allow: ['a.io/**'], platform: [], deny: [], requireHost: false } },
          digest,
          { tags: { deny: ['latest'] } },
        ],
      }),
    });
  });

  test('may carry whatever a cluster adds to metadata and status', () => {
    const added = { name: 'p', uid: 'u', generation: 3, managedFields: [{}], annotations: { 'a/b': '{}' } };
    const value = {
      ...(policy({ checks: [digest] }, added) as object),
      status: { conditions: [{ type: 'Accepted' }] },
    };
    const read = readPolicy(value, anyExpression);
    expect(read.ok && read.value.metadata).toEqual({ name: 'p' });
    expect(read.ok && 'status' in read.value).toBe(false);
  });

  test.each([
    ['an empty allow list', { registries: { allow: [] } }],
    ['only deny', { registries: { deny: ['a.io/**'] } }],
    ['only requireHost', { registries: { requireHost: true } }],
    ['globs on tags', { tags: { deny: ['*-snapshot', 'v1.*'] } }],
  ])('may have %s', (_title, check) => expect(problems(withCheck(check))).toEqual([]));

  test('takes the selectors that Kubernetes takes', () => {
    const selector = {
      matchLabels: { 'app.kubernetes.io/name': 'x', empty: '' },
      matchExpressions: [
        { key: 'stage', operator: 'In', values: ['a', 'b'] },
        { key: 'x.io/y', operator: 'DoesNotExist' },
        { key: 'z', operator: 'Exists', values: [] },
      ],
    };
    const match = { namespaceSelector: selector, objectSelector: selector };
    expect(problems(policy({ match, checks: [digest] }))).toEqual([]);
  });
});

describe('unknown and misspelt fields are refused with a suggestion', () => {
  test.each([
    [
      'a check',
      withCheck({ registeries: { allow: [] } }),
      ['spec.checks.0.registeries: unknown check "registeries" -> registries'],
    ],
    [
      'a field of a check',
      withCheck({ registries: { allow: [], plattform: [] } }),
      ['spec.checks.0.registries.plattform: unknown field "plattform" -> platform'],
    ],
    [
      'a field of match',
      policy({ match: { image: ['**'] }, checks: [digest] }),
      ['spec.match.image: unknown field "image" -> images'],
    ],
    [
      'a field of a selector',
      policy({ match: { objectSelector: { matchLables: {} } }, checks: [digest] }),
      ['spec.match.objectSelector.matchLables: unknown field "matchLables" -> matchLabels'],
    ],
    [
      'a field of the spec',
      policy({ Mode: 'Deny', checks: [digest] }),
      ['spec.Mode: unknown field "Mode" -> mode'],
    ],
    [
      'an enum in another case',
      policy({ mode: 'deny', checks: [digest] }),
      ['spec.mode: "deny" is not allowed here, expected one of Deny, Warn, Audit -> Deny'],
    ],
    [
      'nothing near: the fields are listed',
      withCheck({ digest: { require: true, zebra: 1 } }),
      ['spec.checks.0.digest.zebra: unknown field "zebra"; allowed here: require, pin'],
    ],
  ])('%s', (_title, value, want) => expect(problems(value)).toEqual(want));

  test('__proto__ is refused, not dropped: a selector with it would select more than it says', () => {
    const value = JSON.parse(
      '{"apiVersion":"imagegate.dev/v1alpha1","kind":"ImagePolicy","metadata":{"name":"p"},"spec":{"match":{"namespaceSelector":{"matchLabels":{"__proto__":"x"}}},"checks":[{"digest":{"require":true}}]}}',
    ) as unknown;
    expect(problems(value)).toEqual([
      'spec.match.namespaceSelector.matchLabels.__proto__: unknown field "__proto__"',
    ]);
  });
});

describe('R5: what this version cannot run is refused, never ignored', () => {
  test.each(['pod', 'expression'])('the check %s', (name) => {
    expect(problems(withCheck(digest, { [name]: {} }))).toEqual([
      `spec.checks.1.${name}: this version cannot run the check "${name}"; remove it, or run a version that can`,
    ]);
  });
});

describe('a check that checks nothing is refused', () => {
  test.each([
    [{ digest: {} }],
    [{ digest: { require: false, pin: false } }],
    [{ image: {} }],
    [{ registries: {} }],
    [{ registries: { platform: ['a.io/b'] } }],
    [{ registries: { deny: [], requireHost: false } }],
    [{ tags: { deny: [] } }],
    [{ tags: {} }],
  ])('%j', (check) => {
    expect(problems(withCheck(check))).toEqual([expect.stringContaining('this check checks nothing')]);
  });
  test.each([
    ['no check', []],
    ['33 checks', Array.from({ length: 33 }, () => digest)],
    ['an item without a name', [{}]],
    ['an item with two names', [{ ...digest, tags: { deny: ['latest'] } }]],
  ])('%s', (_title, checks) => expect(problems(policy({ checks }))).toHaveLength(1));
});

describe('values', () => {
  test.each([
    [
      'a namespace in metadata',
      policy({ checks: [digest] }, { name: 'p', namespace: 'n' }),
      'cluster-scoped',
    ],
    ['an upper case name', policy({ checks: [digest] }, { name: 'P' }), 'must be lower case'],
    ['no name', policy({ checks: [digest] }, {}), 'missing field "name"'],
    ['no checks', policy({}), 'missing field "checks"'],
    [
      'another version',
      { ...(withCheck(digest) as object), apiVersion: 'imagegate.dev/v1' },
      'expected imagegate.dev/v1alpha1',
    ],
    [
      'a list left empty',
      withCheck({ registries: { allow: null, deny: ['a.io/**'] } }),
      'an empty list is written []',
    ],
    [
      'text for a boolean',
      withCheck({ digest: { require: 'yes' } }),
      'expected true or false, found the text "yes"',
    ],
    ['an unquoted tag', withCheck({ tags: { deny: [1.1] } }), 'put it in quotes'],
    ['a tag with a space', withCheck({ tags: { deny: ['a b'] } }), 'must be a tag'],
    [
      'a namespace glob in upper case',
      policy({ match: { namespaces: { include: ['A*'] } }, checks: [digest] }),
      'must be a namespace name',
    ],
    [
      'In without values',
      policy({
        match: { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } },
        checks: [digest],
      }),
      'needs at least one value',
    ],
    [
      'Exists with values',
      policy({
        match: { namespaceSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['x'] }] } },
        checks: [digest],
      }),
      'takes no values',
    ],
    [
      'a label key with two slashes',
      policy({ match: { objectSelector: { matchLabels: { 'a/b/c': 'x' } } }, checks: [digest] }),
      'must be a label key',
    ],
    [
      'a label value that is too long',
      policy({ match: { objectSelector: { matchLabels: { a: 'x'.repeat(64) } } }, checks: [digest] }),
      'more than 63 characters',
    ],
    [
      '65 labels',
      policy({
        match: {
          objectSelector: {
            matchLabels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`k${i}`, ''])),
          },
        },
        checks: [digest],
      }),
      'more than 64 labels',
    ],
    ['a pattern with a wildcard host', withCheck({ registries: { allow: ['*.io/**'] } }), '"*.io/**": '],
    [
      'a pattern that is too long',
      withCheck({ registries: { allow: [`a.io/${'x'.repeat(600)}`] } }),
      'more than 512 characters',
    ],
    [
      'too many patterns',
      withCheck({ registries: { allow: Array.from({ length: 1025 }, () => 'a.io/**') } }),
      'more than 1024 items',
    ],
    ['no images', policy({ match: { images: [] }, checks: [digest] }), 'must not be empty'],
  ])('%s is refused, once', (_title, value, want) => {
    expect(problems(value)).toEqual([expect.stringContaining(want)]);
  });

  test('a pattern without a host is refused with the full name', () => {
    expect(problems(withCheck({ registries: { allow: ['nginx'] } }))).toEqual([
      expect.stringMatching(/registries\.allow\.0: "nginx": .* -> docker\.io\/library\/nginx$/),
    ]);
  });

  test('every problem is reported, not the first', () => {
    const value = policy(
      { mode: 'deny', checks: [{ tags: { deny: ['a b'] } }, { pod: {} }] },
      { name: 'P', namespace: 'n' },
    );
    expect(problems(value)).toHaveLength(5);
  });

  test.each([[null], [3], ['text'], [[]], [{}], [{ spec: null }], [{ spec: { checks: {} } }]])(
    '%j is refused without a throw',
    (value) => expect(problems(value).length).toBeGreaterThan(0),
  );

  test('nesting without end is refused without a throw', () => {
    let deep: unknown = {};
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(problems(policy(deep))).toEqual([expect.stringContaining('nested more than')]);
  });
});

describe('readMatch: whom a broken policy covers (R8)', () => {
  test('reads the match of a policy that is broken elsewhere', () => {
    const match = readMatch(
      policy({ match: { namespaces: { include: ['a'] } }, checks: [{ registeries: {} }] }),
    );
    expect(match?.namespaces).toEqual({ include: ['a'], exclude: [] });
  });
  test('an absent match covers everything', () => expect(readMatch(policy({}))?.images).toEqual(['**']));
  test.each([[policy({ match: { imagse: [] } })], [policy({ match: 3 })], [policy(3)], [null]])(
    'an unreadable one is not known: %j',
    (value) => expect(readMatch(value)).toBeUndefined(),
  );
});
