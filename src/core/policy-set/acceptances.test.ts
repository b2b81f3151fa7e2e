import { describe, expect, test } from 'vitest';
import { written } from '../../../test/fakes/judge-vulnerabilities.ts';
import { judgedAt } from '../../../test/fakes/image-facts.ts';
import { policySet } from '../../../test/fakes/policy-set.ts';
import { ours } from '../../../test/fakes/verdict.ts';
import { debianPackage, match } from '../../../test/fakes/vulnerability-facts.ts';
import { parseReference } from '../image/reference.ts';
import type { Match } from '../vulnerability/match.ts';
import { vulnerabilitiesOf } from '../vulnerability/vulnerability.ts';
import { acceptancesOf } from './acceptances.ts';

const id = 'CVE-2026-1';
const row = { id, until: '2026-12-31', reason: 'not reachable' };
const accepting = (...accept: readonly object[]) => ({ checks: [{ vulnerabilities: written({ accept }) }] });

const ask = (specs: Readonly<Record<string, object>>, matches: readonly Match[] = [match(id)]) => {
  const image = parseReference(ours);
  const [one] = vulnerabilitiesOf(matches);
  if (!image.ok || one === undefined) throw new Error('a mistake of the test');
  return acceptancesOf(policySet(specs), { image: image.value, namespace: 'shop' })(one, judgedAt);
};

describe('V17: what policies accept is told', () => {
  const other = match(id, { in: debianPackage('libc-bin') });
  const libc = { ...row, package: 'pkg:deb/debian/libc6' };
  test.each<[string, Parameters<typeof ask>, ReturnType<typeof ask>]>([
    [
      'by whom, until when and why',
      [{ p: accepting(row) }],
      { isAccepted: true, by: [{ policy: 'p', ...row }] },
    ],
    ['nobody', [{ p: accepting() }], { isAccepted: false, by: [] }],
    ['after its day', [{ p: accepting({ ...row, until: '2025-12-31' }) }], { isAccepted: false, by: [] }],
    [
      'one of two policies: the other counts it',
      [{ a: accepting(row), b: accepting() }],
      { isAccepted: false, by: [{ policy: 'a', ...row }] },
    ],
    [
      'both',
      [{ a: accepting(row), b: accepting(row) }],
      {
        isAccepted: true,
        by: [
          { policy: 'a', ...row },
          { policy: 'b', ...row },
        ],
      },
    ],
    [
      'in one of two packages',
      [{ p: accepting(libc) }, [match(id), other]],
      { isAccepted: false, by: [{ policy: 'p', ...libc }] },
    ],
    [
      'V8: deny wins',
      [{ p: { checks: [{ vulnerabilities: written({ accept: [row], deny: [id] }) }] } }],
      { isAccepted: false, by: [] },
    ],
    [
      'a policy of other images',
      [{ p: { ...accepting(row), match: { images: ['registry.example.org/**'] } } }],
      { isAccepted: false, by: [] },
    ],
    [
      'a policy of another namespace',
      [{ p: { ...accepting(row), match: { namespaces: { include: ['other'] } } } }],
      { isAccepted: false, by: [] },
    ],
  ])('%s', (_title, call, want) => expect(ask(...call)).toEqual(want));
});
