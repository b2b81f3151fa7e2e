import { describe, expect, test } from 'vitest';
import { policy } from '../../../../test/fakes/policy-set.ts';
import { lintPolicies } from './lint.ts';
import { judgedAt } from '../../../../test/fakes/image-facts.ts';

const about = /^no image passes/;
const conflicts = (...specs: readonly object[]): readonly string[] =>
  lintPolicies(
    specs.map((spec, index) => policy(`p${index}`, spec)),
    judgedAt,
  )
    .filter(({ message }) => about.test(message))
    .map(({ policy: name, path, message }) => `${name} ${path.join('.')}: ${message}`);
const allow = (...patterns: readonly string[]) => ({ registries: { allow: patterns } });
const checks = (...all: readonly object[]) => ({ checks: all });
const pin = { digest: { pin: true } };
const ours = allow('registry.example.com/**');
const mirror = allow('mirror.example.com/**');

describe('policies that nobody can satisfy', () => {
  test.each<[string, object[], RegExp]>([
    [
      'two allow lists without a common image in one policy',
      [checks(ours, mirror)],
      /^p0 spec\.checks\.1\.registries\.allow: .*that of checks\[0\] have no image in common.*write all patterns into one list/,
    ],
    [
      'the same in two policies over all namespaces',
      [checks(ours), checks(mirror)],
      /^p1 spec\.checks\.0\.registries\.allow: .*checks\[0\] of policy "p0"/,
    ],
    [
      'the same where one covers a namespace by name',
      [checks(ours), { match: { namespaces: { include: ['shop'] } }, ...checks(mirror) }],
      /^p1 /,
    ],
    [
      'the same where both have the same selector',
      [ours, mirror].map((check) => ({
        match: { namespaceSelector: { matchLabels: { team: 'a' } } },
        ...checks(check),
      })),
      /^p1 /,
    ],
    ['paths of one registry', [checks(allow('a.io/x/**'), allow('a.io/y/**'))], /^p0 /],
    [
      'what is left of a list when its deny list is taken away',
      [
        checks(
          { registries: { allow: ['a.io/**', 'b.io/**'], deny: ['b.io/**'] } },
          { registries: { allow: ['b.io/**'], platform: ['c.io/**'] } },
        ),
      ],
      /^p0 /,
    ],
    [
      'ages that exclude each other in two checks',
      [checks(pin, { image: { minAge: '30d' } }, { image: { maxAge: '7d' } })],
      /^p0 spec\.checks\.1\.image\.minAge: .*at least 30d old and, by checks\[2\], at most 7d/,
    ],
    [
      'ages that exclude each other in two policies',
      [checks(pin, { image: { minAge: '30d' } }), checks(pin, { image: { maxAge: '30d' } })],
      /^p0 spec\.checks\.1\.image\.minAge: .*checks\[1\] of policy "p1"/,
    ],
  ])('%s', (_title, specs, want) => expect(conflicts(...specs)).toEqual([expect.stringMatching(want)]));

  test('a policy that denies every tag says that no image with a tag passes', () => {
    const remarks = lintPolicies([policy('p', checks({ tags: { deny: ['latest', '*'] } }))], judgedAt);
    expect(remarks.map(({ message }) => message)).toEqual([
      expect.stringMatching(/^no image with a tag passes/),
    ]);
  });
});

describe('policies that somebody can satisfy, or that may never meet, get no remark', () => {
  test.each<[string, object[]]>([
    ['one list', [checks(allow('registry.example.com/**', 'mirror.example.com/**'))]],
    ['a list inside of another', [checks(allow('a.io/**'), allow('a.io/team/**'))]],
    ['lists that share one image', [checks(allow('a.io/**', 'b.io/x'), allow('b.io/*', 'c.io/**'))]],
    ['a list beside everything', [checks(ours, allow('**'))]],
    ['a list beside a deny list', [checks(ours, { registries: { deny: ['mirror.example.com/**'] } })]],
    [
      'a platform list that both have',
      [
        checks(
          { registries: { allow: ['a.io/**'], platform: ['p.io/**'] } },
          { registries: { allow: ['b.io/**'], platform: ['p.io/**'] } },
        ),
      ],
    ],
    [
      'other namespaces',
      [
        { match: { namespaces: { include: ['a'] } }, ...checks(ours) },
        { match: { namespaces: { include: ['b'] } }, ...checks(mirror) },
      ],
    ],
    [
      'a namespace that the other leaves out',
      [
        { match: { namespaces: { exclude: ['shop'] } }, ...checks(ours) },
        { match: { namespaces: { include: ['shop'] } }, ...checks(mirror) },
      ],
    ],
    [
      'other labels',
      [
        { match: { namespaceSelector: { matchLabels: { team: 'a' } } }, ...checks(ours) },
        { match: { namespaceSelector: { matchLabels: { team: 'b' } } }, ...checks(mirror) },
      ],
    ],
    [
      'other images',
      [
        { match: { images: ['a.io/**'] }, ...checks(allow('a.io/**')) },
        { match: { images: ['b.io/**'] }, ...checks(allow('b.io/**')) },
      ],
    ],
    ['a policy that is only tried', [checks(ours), { mode: 'Audit', ...checks(mirror) }]],
    ['ages with room in between', [checks(pin, { image: { minAge: '3d' } }, { image: { maxAge: '90d' } })]],
  ])('%s', (_title, specs) => expect(conflicts(...specs)).toEqual([]));

  test('a thousand patterns against a thousand take no time to speak of', () => {
    const many = (team: string) => Array.from({ length: 1000 }, (_, at) => `a.io/${team}-${at}/**`);
    const began = performance.now();
    expect(conflicts(checks(allow(...many('x')), allow(...many('y'))))).toHaveLength(1);
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});
