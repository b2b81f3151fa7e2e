import { describe, expect, test } from 'vitest';
import { threadTime } from '../../../../test/fakes/cpu-time.ts';
import { lintPolicies } from './lint.ts';
import { readPolicy, type ImagePolicy } from '../schema/schema.ts';
import { anyExpression } from '../../../../test/fakes/policy-set.ts';
import { judgedAt } from '../../../../test/fakes/image-facts.ts';

const policy = (spec: object, name = 'p'): ImagePolicy => {
  const read = readPolicy(
    {
      apiVersion: 'imagegate.dev/v1alpha1',
      kind: 'ImagePolicy',
      metadata: { name },
      spec: { checks: [{ digest: { require: true } }], ...spec },
    },
    anyExpression,
  );
  if (!read.ok) throw new Error(JSON.stringify(read.error));
  return read.value;
};
const registries = (check: object): object => ({ checks: [{ registries: check }] });
const remarks = (spec: object): readonly string[] =>
  lintPolicies([policy(spec)], judgedAt).map(({ path, message }) => `${path.join('.')}: ${message}`);

describe('remarks', () => {
  test.each([
    [
      'a pattern that trusts everything',
      registries({ allow: ['**'] }),
      'spec.checks.0.registries.allow.0',
      'fences nothing',
    ],
    [
      'a pattern of a shared registry',
      registries({ allow: ['a.io/**', 'docker.io/**'] }),
      'spec.checks.0.registries.allow.1',
      'trusts every owner',
    ],
    [
      'a wide platform pattern',
      registries({ allow: [], platform: ['ghcr.io/*/*'] }),
      'spec.checks.0.registries.platform.0',
      'trusts every owner',
    ],
    [
      'R1: allow beside images',
      { match: { images: ['a.io/**'] }, ...registries({ allow: ['a.io/x/**'] }) },
      'spec.match.images',
      'does not fence',
    ],
    [
      'R12: NotIn',
      {
        match: {
          namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'NotIn', values: ['x'] }] },
        },
      },
      'spec.match.namespaceSelector.matchExpressions.0',
      'NotIn covers namespaces without the label team',
    ],
    [
      'R12: DoesNotExist',
      {
        match: {
          namespaceSelector: {
            matchExpressions: [
              { key: 'a', operator: 'Exists' },
              { key: 'skip', operator: 'DoesNotExist' },
            ],
          },
        },
      },
      'spec.match.namespaceSelector.matchExpressions.1',
      'whoever may label a namespace',
    ],
    [
      'an object selector',
      { match: { objectSelector: { matchLabels: { a: 'b' } } } },
      'spec.match.objectSelector',
      'fences nobody in',
    ],
    [
      'include of nothing',
      { match: { namespaces: { include: [] } } },
      'spec.match.namespaces.include',
      'covers no namespace',
    ],
    [
      'exclude of everything',
      { match: { namespaces: { exclude: ['*'] } } },
      'spec.match.namespaces.exclude',
      'hides everything',
    ],
    [
      'exclude of all that is included',
      { match: { namespaces: { include: ['a-*', 'a-b'], exclude: ['a*'] } } },
      'spec.match.namespaces.exclude',
      'hides everything',
    ],
    [
      'exclude of a part',
      { match: { namespaces: { include: ['a-*', 'b'], exclude: ['b'] } } },
      'spec.match.namespaces.include.1',
      'excluded again',
    ],
    [
      'kube-system excluded by a glob',
      { match: { namespaces: { exclude: ['x', 'kube-*'] } } },
      'spec.match.namespaces.exclude.1',
      'write the names out',
    ],
    ['nothing allowed', registries({ allow: [] }), 'spec.checks.0.registries.allow', 'no image at all'],
    [
      'allow equal to deny',
      registries({ allow: ['a.io/x/**', 'a.io/y/**'], deny: ['a.io/y/**'] }),
      'spec.checks.0.registries.allow.1',
      'deny wins',
    ],
    [
      'allow below deny, on any port',
      registries({ allow: ['a.io:5000/x/*/y'], deny: ['a.io/**'] }),
      'spec.checks.0.registries.allow.0',
      'a.io/**, and deny wins',
    ],
    [
      'every tag denied',
      { checks: [{ tags: { deny: ['*'] } }] },
      'spec.checks.0.tags.deny.0',
      'refuses every tag',
    ],
  ])('%s', (_title, spec, path, message) => {
    expect(remarks(spec)).toEqual([expect.stringContaining(message)]);
    expect(remarks(spec)[0]?.startsWith(`${path}: `)).toBe(true);
  });

  test('two policies that say the same', () => {
    const twins = [policy({}, 'a'), policy({ mode: 'Warn' }, 'b'), policy({ mode: 'Deny' }, 'c')];
    expect(lintPolicies(twins, judgedAt)).toEqual([
      {
        policy: 'c',
        path: ['spec'],
        severity: 'warning',
        message: 'says the same as policy "a"; one of them can go',
      },
    ]);
  });
});

describe('no false alarm', () => {
  test.each([
    ['the defaults', {}],
    [
      'own and platform registries',
      registries({ allow: ['registry.example.com/**'], platform: ['cr.l5d.io/linkerd/*'] }),
    ],
    ['deny of a part of allow', registries({ allow: ['a.io/**'], deny: ['a.io/old/**'] })],
    ['deny of another host that begins alike', registries({ allow: ['a.io.b.io/x/**'], deny: ['a.io/**'] })],
    ['deny of one level only', registries({ allow: ['a.io/x/**'], deny: ['a.io/x/old'] })],
    ['nothing beyond the platform', registries({ allow: [], platform: ['cr.l5d.io/linkerd/*'] })],
    ['images beside a check that does not fence', { match: { images: ['a.io/**'] } }],
    [
      'every image written out beside others',
      { match: { images: ['a.io/**', '**'] }, ...registries({ allow: ['a.io/x/**'] }) },
    ],
    [
      'names excluded exactly',
      { match: { namespaces: { exclude: ['kube-system', 'imagegate-system', 'dev-*'] } } },
    ],
    ['a selector for a label', { match: { namespaceSelector: { matchLabels: { stage: 'prod' } } } }],
  ])('%s', (_title, spec) => expect(remarks(spec)).toEqual([]));

  test('deny on another port does not empty the allow list', () => {
    const found = remarks(registries({ allow: ['a.io/x/**'], deny: ['a.io:5000/x/**'] }));
    expect(found).toEqual([expect.stringContaining('covers port 5000 of a.io only')]);
  });

  test('lists of a thousand patterns are linted within a minute at most', () => {
    const many = (prefix: string) =>
      Array.from({ length: 1024 }, (_, i) => `a.io/${prefix}${i}/${'**/x/'.repeat(20)}y`);
    const policies = registries({ allow: many('a'), deny: many('b') });
    let found: unknown;
    expect(threadTime(() => (found = remarks(policies)))).toBeLessThan(60_000);
    expect(found).toEqual([]);
  });
});
