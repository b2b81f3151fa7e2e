import fc from 'fast-check';
import { expect, test } from 'vitest';
import { day, judgedAt } from '../../../../test/fakes/image-facts.ts';
import { written } from '../../../../test/fakes/judge-vulnerabilities.ts';
import { policy } from '../../../../test/fakes/policy-set.ts';
import {
  daysAgo,
  debianFeed,
  match,
  packageList,
  vulnerabilityFacts,
} from '../../../../test/fakes/vulnerability-facts.ts';
import { known } from '../../facts/fact.ts';
import { compilePolicySet } from '../../policy-set/compile.ts';

const ids = ['CVE-2026-1', 'CVE-2026-2'] as const;
const dateIn = (days: number): string => daysAgo(-days).slice(0, 10);
const checks = fc
  .record({
    gracePeriod: fc.constantFrom('0d', '1d', '3d'),
    maxAge: fc.constantFrom('2d', '5d', '30d'),
    max: fc.constantFrom({ critical: 0 }, { critical: 1 }, { high: 0 }),
    knownExploited: fc.boolean(),
    accept: fc.array(
      fc.record({ id: fc.constantFrom(...ids), until: fc.integer({ min: 0, max: 4 }).map(dateIn) }),
      { maxLength: 2 },
    ),
  })
  .map(({ accept, ...check }) => ({ ...check, accept: accept.map((row) => ({ ...row, reason: 'a test' })) }));
const facts = fc
  .record({
    matches: fc.array(
      fc.record({
        id: fc.constantFrom(...ids),
        level: fc.constantFrom('critical' as const, 'high' as const),
        // Dates in the future among them.
        published: fc.constantFrom(-2, -0.5, 0.25, 1, 2.5, 100).map(daysAgo),
      }),
      { maxLength: 3 },
    ),
    feedDays: fc.constantFrom(0.5, 1, 4),
    exploitedDays: fc.constantFrom(0.5, 1.5),
    exploited: fc.subarray([...ids]),
  })
  .map(({ matches, feedDays, exploitedDays, exploited }) =>
    vulnerabilityFacts(
      {
        lists: [
          packageList(
            matches.map(({ id, level, published }) => match(id, { level, advisory: { published } })),
            { feeds: [{ ...debianFeed, asOf: daysAgo(feedDays) }] },
          ),
        ],
        unreadable: [],
      },
      {
        advisories: known({
          generation: '0123456789abcdef',
          revision: 'r1',
          exploited: {
            ids: new Set(exploited),
            feed: { feed: 'kev', ecosystem: '', asOf: daysAgo(exploitedDays) },
          },
        }),
      },
    ),
  );
/** Days after the first moment; a clock may go back too. */
const times = fc.array(fc.constantFrom(0, 0.1, 0.3, 0.5, 0.75, 1, 1.4, 1.5, 2, 2.6, 3, 4, 5), {
  minLength: 2,
  maxLength: 8,
});

test('a pass that stands ends at the moment at which somebody who looks again would refuse', () => {
  let refusedLater = 0;
  fc.assert(
    fc.property(checks, facts, times, fc.boolean(), (check, image, moments, goesBack) => {
      const set = () =>
        compilePolicySet(
          [policy('p', { checks: [{ vulnerabilities: written(check) }] })],
          'v',
        ).policies.flatMap(({ evidence }) => evidence);
      const answer = (of: ReturnType<typeof set>, now: number) =>
        of.flatMap(({ rules }) =>
          rules.flatMap((rule) =>
            rule.judge(image as never, {
              now,
              namespace: 'shop',
              namespaceLabels: known({}),
            }),
          ),
        );
      const standing = set();
      const inOrder = goesBack ? moments : moments.toSorted((one, other) => one - other);
      let passed = false;
      for (const days of inOrder) {
        const now = judgedAt + days * day;
        const fresh = answer(set(), now);
        expect(answer(standing, now)).toEqual(fresh);
        if (passed && fresh.length > 0) refusedLater += 1;
        passed ||= fresh.length === 0;
      }
    }),
    { numRuns: 500 },
  );
  expect(refusedLater).toBeGreaterThan(20);
});
