import { describe, expect, test } from 'vitest';
import {
  attestationEvidence,
  attestedBy,
  claimFacts,
  platformClaims,
  rejectedFor,
  signingKey,
  source,
  timeBy,
} from '../../../test/fakes/claims.ts';
import { day, judgedAt, otherDigest } from '../../../test/fakes/image-facts.ts';
import { judge, pinned } from '../../../test/fakes/verdict.ts';
import type { AttestationClaim, ClaimFacts } from '../facts/claim.ts';
import { known } from '../facts/fact.ts';
import { attestationCheck } from './attestation.ts';
import { policy } from '../../../test/fakes/policy-set.ts';

const key = signingKey();
const second = signingKey();
const theirs = signingKey();
const builder = { name: 'builder', key: { pem: key.pem } };
const other = { name: 'other', key: { pem: second.pem } };
const provenanceOf = { predicateType: 'slsaprovenance1', authorities: [builder] };

const findings = (check: object, facts: ClaimFacts<AttestationClaim>, spec: object = {}) =>
  judge({ p: { checks: [{ attestation: { ...provenanceOf, ...check } }], ...spec } }, pinned, {
    evidence: attestationEvidence(facts),
  }).findings;
const codes = (...of: Parameters<typeof findings>) => findings(...of).map(({ code }) => code);
const on = (check: object, ...claims: readonly AttestationClaim[]) => codes(check, claimFacts({ claims }));

const good = attestedBy(key.signer);
const missing = ['attestation-missing'];
const condition = ['attestation-condition'];

describe('an attestation of the type, by an authority', () => {
  const spdx = attestedBy(key.signer, { predicateType: 'https://spdx.dev/Document' });
  test.each([
    ['is enough by its presence', {}, [good], []],
    ['B3: of another type is none', {}, [spdx], missing],
    ['of another type beside it changes nothing', {}, [spdx, good], []],
    ['is found by a word of cosign', { predicateType: 'spdxjson' }, [spdx], []],
    ['is found by its URI', { predicateType: 'https://spdx.dev/Document' }, [spdx], []],
    ['of another version is none', { predicateType: 'slsaprovenance' }, [good], missing],
    ['by somebody else', {}, [attestedBy(theirs.signer)], ['signature-untrusted']],
    ['S1: about another digest', {}, [{ ...good, about: otherDigest }], missing],
    ['by one of two', { threshold: 2, authorities: [builder, other] }, [good], ['signature-threshold']],
    ['by both', { threshold: 2, authorities: [builder, other] }, [good, attestedBy(second.signer)], []],
  ])('%s', (_title, check, claims, want) => expect(on(check, ...claims)).toEqual(want));

  test('codes of its signature are those of `signature`', () => {
    expect(codes({}, claimFacts())).toEqual(missing);
    expect(codes({}, claimFacts({ rejected: [rejectedFor('invalid')] }))).toEqual(['signature-invalid']);
    expect(codes({}, claimFacts({ left: 2 }))).toEqual(['signature-limit']);
    expect(codes({}, claimFacts({ sources: [source('unavailable')] }))).toEqual(['signature-unavailable']);
  });

  test('the finding names the type, the authority, what was found, and where attestations are lost', () => {
    const [finding] = findings({}, claimFacts({ claims: [spdx] }));
    expect(finding).toMatchObject({
      check: 'attestation',
      message: `image '${pinned}' has no attestation slsaprovenance1, and the policy wants one by builder`,
      detail: expect.stringContaining('spdx.dev/Document attested by key'),
      remedy: expect.stringContaining("GitHub's API"),
    });
  });
});

describe('S1: behind an index each image has its own', () => {
  const each = { multiArch: { mode: 'each-platform' } };
  const amd64 = platformClaims<AttestationClaim>('linux/amd64', [good]);
  const arm64 = platformClaims<AttestationClaim>('linux/arm64');
  test.each([
    ['each is attested', each, [], [amd64], []],
    ['one is not', each, [], [amd64, arm64], missing],
    ['that of the index does not cover them', each, [good], [arm64], missing],
    ['reference: the named index is', {}, [good], [arm64], []],
  ])('%s', (_title, spec, claims, platforms, want) => {
    expect(codes({}, claimFacts<AttestationClaim>({ claims }, { platforms }), spec)).toEqual(want);
  });
});

describe('conditions', () => {
  const says = (provenance: AttestationClaim['provenance']) =>
    attestedBy(key.signer, provenance === undefined ? {} : { provenance });
  const ours = says({
    builder: 'https://github.com/actions/runner',
    sources: ['https://github.com/acme/app'],
    refs: ['refs/tags/v1'],
  });
  const full = {
    builders: ['https://github.com/actions/*'],
    sources: ['https://github.com/acme/*'],
    refs: ['refs/tags/*'],
  };
  test.each([
    ['all agree', full, ours, []],
    ['another builder', { builders: ['https://build.acme.example'] }, ours, condition],
    ['another source', { sources: ['https://github.com/acme/other'] }, ours, condition],
    ['another ref', { refs: ['refs/heads/main'] }, ours, condition],
    ['one of several patterns is enough', { refs: ['refs/heads/main', 'refs/tags/*'] }, ours, []],
    [
      'a good source beside another one',
      { sources: ['https://github.com/acme/*'] },
      says({ sources: ['https://github.com/acme/app', 'https://github.com/evil/app'], refs: [] }),
      condition,
    ],
    ['provenance that names no source', { sources: ['**'] }, says({ sources: [], refs: [] }), condition],
    ['provenance that names no builder', { builders: ['**'] }, says({ sources: [], refs: [] }), condition],
    ['no provenance', { refs: ['**'] }, says(undefined), condition],
  ])('provenance: %s', (_title, provenance, claim, want) => expect(on({ provenance }, claim)).toEqual(want));

  const text = 'predicate.ok';
  const evaluated = (result: AttestationClaim['expressions'][string], of = text) =>
    attestedBy(key.signer, { expressions: { [of]: result } });
  test.each([
    ['true', evaluated({ state: 'true' }), []],
    ['false', evaluated({ state: 'false' }), condition],
    ['an error', evaluated({ state: 'error', why: 'no such field' }), ['attestation-error']],
    ['another expression that is true', evaluated({ state: 'true' }, 'true'), ['attestation-error']],
    ['nobody evaluated it', good, ['attestation-error']],
  ])('expression: %s', (_title, claim, want) => expect(on({ expression: text }, claim)).toEqual(want));

  test('an expression with a name that every object has is not found evaluated', () => {
    expect(on({ expression: 'toString' }, good)).toEqual(['attestation-error']);
  });

  test('a condition counts for claims of an authority alone', () => {
    const claim = attestedBy(theirs.signer, { expressions: { [text]: { state: 'true' } } });
    expect(on({ expression: text }, claim, evaluated({ state: 'false' }))).toEqual(condition);
  });

  test('the detail says what differs', () => {
    const [finding] = findings({ provenance: { refs: ['refs/heads/main'] } }, claimFacts({ claims: [ours] }));
    expect(finding?.detail).toContain('its ref is refs/tags/v1, which the policy does not name');
  });
});

describe('select', () => {
  const text = 'predicate.ok';
  const dated = { ...builder, require: { timestamps: 1 } };
  const both = [dated, { ...other, require: { timestamps: 1 } }];
  const at = (days: number, state: 'true' | 'false', signer = key.signer) =>
    attestedBy(signer, {
      times: [timeBy('timestamp', judgedAt - days * day)],
      expressions: { [text]: { state } },
    });
  test('Newest: an original that is too old makes its copy too old', () => {
    const copy = { ...at(0, 'true'), signature: at(40, 'true').signature };
    const check = { ...asked('Newest'), maxAge: '30d' };
    expect(on(check, copy)).toEqual([]);
    expect(on(check, copy, at(40, 'true'))).toEqual(['signature-expired']);
  });
  const asked = (select: string, authorities: readonly object[] = [dated], threshold = 1) => ({
    select,
    authorities,
    threshold,
    expression: text,
  });
  test.each([
    ['Any: an older one fits', asked('Any'), [at(1, 'false'), at(9, 'true')], []],
    ['Newest: it fits', asked('Newest'), [at(1, 'true'), at(9, 'false')], []],
    [
      'Newest: it does not, and an older one does',
      asked('Newest'),
      [at(1, 'false'), at(9, 'true')],
      condition,
    ],
    ['Newest: one of the same moment does not', asked('Newest'), [at(1, 'false'), at(1, 'true')], condition],
    [
      'Newest: that of another authority is newer and fits',
      asked('Newest', both),
      [at(9, 'false'), at(1, 'true', second.signer)],
      [],
    ],
    [
      'Newest: the newest of all does not fit, and that of another authority does',
      asked('Newest', both),
      [at(1, 'false'), at(9, 'true', second.signer)],
      condition,
    ],
    [
      'Newest: two are wanted, and the newest of one does not fit',
      asked('Newest', both, 2),
      [at(9, 'false'), at(20, 'true'), at(1, 'true', second.signer)],
      condition,
    ],
    [
      'Newest: what nobody dated is not the newest',
      asked('Newest'),
      [at(9, 'true'), attestedBy(key.signer)],
      [],
    ],
    [
      'Newest: the older one was dated anew by somebody who holds no key',
      asked('Newest'),
      [at(1, 'false'), at(9, 'true'), { ...at(0, 'true'), signature: at(9, 'true').signature }],
      condition,
    ],
    [
      'Newest: it was dated anew, and is the newest by its first time too',
      asked('Newest'),
      [at(9, 'false'), at(1, 'true'), { ...at(0, 'true'), signature: at(1, 'true').signature }],
      [],
    ],
    [
      'Newest: that of somebody else does not count',
      asked('Newest'),
      [at(9, 'true'), at(1, 'false', theirs.signer)],
      [],
    ],
    ['All: all fit', asked('All'), [at(1, 'true'), at(9, 'true')], []],
    ['All: one does not', asked('All'), [at(1, 'true'), at(9, 'false')], condition],
    ['All: there is none', asked('All'), [], missing],
    [
      'All: that of somebody else does not count',
      asked('All'),
      [at(1, 'true'), at(1, 'false', theirs.signer)],
      [],
    ],
  ])('%s', (_title, check, claims, want) => expect(on(check, ...claims)).toEqual(want));

  const fits = [at(1, 'true')];
  test.each([
    ['a lost source', { claims: fits, sources: [source('unavailable')] }, 'signature-unavailable'],
    ['candidates that were not read', { claims: fits, left: 1 }, 'signature-limit'],
    ['a candidate that is too large', { claims: fits, rejected: [rejectedFor('limit')] }, 'signature-limit'],
    ['a candidate that takes too long', { claims: fits, rejected: [rejectedFor('slow')] }, 'signature-limit'],
  ])('S2: %s may hold the one that does not fit', (_title, named, want) => {
    for (const select of ['Newest', 'All'])
      expect(codes(asked(select), claimFacts<AttestationClaim>(named))).toEqual([want]);
    expect(codes(asked('Any'), claimFacts<AttestationClaim>(named))).toEqual([]);
  });

  test('All: what does not fit is refused for sure, whatever else could not be looked at', () => {
    const facts = claimFacts<AttestationClaim>({
      claims: [at(1, 'false')],
      sources: [source('unavailable')],
      left: 3,
    });
    expect(codes(asked('All'), facts)).toEqual(condition);
  });

  const checkOf = (select: 'Any' | 'Newest' | 'All', more: object = {}) => {
    const attestation = { ...provenanceOf, ...asked(select), ...more };
    const { spec } = policy('p', { checks: [{ attestation }] });
    const [config] = spec.checks;
    if (config === undefined || !('attestation' in config)) throw new Error('a mistake of the test');
    const check = attestationCheck(config.attestation, spec.multiArch);
    return check.ok ? check.value : undefined;
  };
  const demandOf = (select: 'Any' | 'Newest' | 'All') => checkOf(select)?.need.wanted.demands[0];
  const situation = { now: judgedAt, repository: 'registry.example.com/web' };

  test('reading candidates never ends early for Newest and All', () => {
    for (const [select, want] of [
      ['Any', true],
      ['Newest', false],
      ['All', false],
    ] as const)
      expect([select, demandOf(select)?.isMet(fits, situation)]).toEqual([select, want]);
  });

  const anew = { ...at(0, 'true'), signature: at(9, 'true').signature };

  test('S13: a report goes by the times by which the claim was judged', () => {
    const facts = claimFacts<AttestationClaim>({ claims: [at(9, 'true'), anew] });
    const told = (select: 'Any' | 'Newest') =>
      checkOf(select, { maxAge: '5d' })
        ?.standings?.(facts, { now: judgedAt, namespace: 'shop', namespaceLabels: known({}) })
        .map(({ why }) => why !== undefined);
    expect(told('Any')).toEqual([true, false]);
    expect(told('Newest')).toEqual([true, true]);
  });

  test('lists are read again early only where something is missing in them', () => {
    const failsLast = [at(2, 'true'), at(1, 'false')];
    for (const [select, ...want] of [
      ['Any', true, true, false],
      ['Newest', true, false, false],
      ['All', true, false, false],
    ] as const) {
      const found = [fits, failsLast, []].map((claims) => demandOf(select)?.isFound(claims, situation));
      expect([select, ...found]).toEqual([select, ...want]);
    }
  });

  test('and where the older one was dated anew, as the newest one is missing then', () => {
    const found = [at(1, 'false'), at(9, 'true'), anew];
    expect(demandOf('Newest')?.isFound(found, situation)).toBe(false);
  });
});
