import { describe, expect, test } from 'vitest';
import {
  attestedBy,
  keylessSigner,
  logProof,
  repository,
  signingKey,
  timeBy,
} from '../../../../test/fakes/claims.ts';
import { digestOf } from '../../../../test/fakes/image-facts.ts';
import { codes, findings } from '../../../../test/fakes/judge-vulnerabilities.ts';
import { policySet } from '../../../../test/fakes/policy-set.ts';
import { match, packageList, vulnerabilityFacts } from '../../../../test/fakes/vulnerability-facts.ts';
import type { AttestationClaim } from '../../facts/claim.ts';
import type { PackageListSource, VulnerabilityFacts } from '../../facts/vulnerability/vulnerability-facts.ts';

const ci = signingKey();
const other = signingKey();
const stranger = signingKey();
const cyclonedx = 'https://cyclonedx.org/bom';
const one = 'CVE-2026-1';

const by = (signer: AttestationClaim['signer'], more: Partial<AttestationClaim> = {}): PackageListSource => ({
  kind: 'signed',
  claim: attestedBy(signer, { predicateType: cyclonedx, ...more }),
});
const unsigned: PackageListSource = { kind: 'unsigned', digest: digestOf(`sha256:${'a'.repeat(64)}`) };
const bad = (source: PackageListSource) => packageList([match(one)], { source });
const good = (source: PackageListSource) => packageList([], { source });
const signed = { repository, trustSnapshots: {} };
const facts = (lists: readonly ReturnType<typeof good>[], more: Partial<VulnerabilityFacts> = {}) =>
  vulnerabilityFacts({ lists, unreadable: [] }, { signed, ...more });
const authorities = [
  { name: 'ci', key: { pem: ci.pem } },
  { name: 'other', key: { pem: other.pem } },
];
const attested = { evidence: [{ sbom: { authorities } }] };

describe('lists that somebody attested', () => {
  test.each([
    ['one of the authorities', [good(by(ci.signer))], []],
    ['the other of them', [good(by(other.signer))], []],
    ['with something wrong in it', [bad(by(ci.signer))], ['vulnerable']],
    ['two that add up, whichever comes first', [good(by(ci.signer)), bad(by(other.signer))], ['vulnerable']],
    ['of SPDX', [good(by(ci.signer, { predicateType: 'https://spdx.dev/Document/v2.3' }))], []],
    ['none', [], ['vulnerabilities-unscanned']],
    ['a stranger', [good(by(stranger.signer))], ['vulnerabilities-unscanned']],
    [
      'something else than a list',
      [good(by(ci.signer, { predicateType: 'https://slsa.dev/provenance/v1' }))],
      ['vulnerabilities-unscanned'],
    ],
    [
      'at another place',
      [good(by(ci.signer, { location: 'elsewhere.example.com/x' }))],
      ['vulnerabilities-unscanned'],
    ],
    ['nobody', [good(unsigned)], ['vulnerabilities-unscanned']],
    ['nobody, beside a good one', [good(by(ci.signer)), bad(unsigned)], []],
    ['a stranger, beside a good one', [bad(by(stranger.signer)), good(by(ci.signer))], []],
  ])('%s', (_title, lists, want) => expect(codes(attested, facts(lists))).toEqual(want));

  test('are none where the facts do not say what claims are judged by', () => {
    expect(codes(attested, vulnerabilityFacts({ lists: [good(by(ci.signer))], unreadable: [] }))).toEqual([
      'vulnerabilities-unscanned',
    ]);
  });

  test('do not count for a policy that takes unsigned ones alone, and add up for one that takes both', () => {
    expect(codes({}, facts([good(by(ci.signer))]))).toEqual(['vulnerabilities-unscanned']);
    const both = { evidence: [...attested.evidence, { sbom: { unsigned: true } }] };
    expect(codes(both, facts([good(by(ci.signer)), bad(unsigned)]))).toEqual(['vulnerable']);
    expect(codes(both, facts([bad(by(ci.signer)), good(unsigned)]))).toEqual(['vulnerable']);
  });

  test('V16: one that cannot be read refuses, unless a stranger wrote it', () => {
    const broken = (source: PackageListSource) =>
      codes(
        attested,
        vulnerabilityFacts(
          { lists: [good(by(ci.signer))], unreadable: [{ source, why: 'half' }] },
          { signed },
        ),
      );
    expect(broken(by(other.signer))).toEqual(['image-unavailable']);
    expect(broken(by(stranger.signer))).toEqual([]);
    expect(broken(unsigned)).toEqual([]);
  });

  test('without a key, as the check `attestation` has it', () => {
    const identities = [{ issuer: 'https://token.actions.githubusercontent.com', subjectRegex: '.*' }];
    const keyless = { evidence: [{ sbom: { authorities: [{ name: 'ci', keyless: { identities } }] } }] };
    const logged = { logs: [logProof()], times: [timeBy('log')] };
    expect(codes(keyless, facts([good(by(keylessSigner(), logged))]))).toEqual([]);
    expect(codes(keyless, facts([good(by(keylessSigner()))]))).toEqual(['vulnerabilities-unscanned']);
  });

  test('the finding names the authorities, and how to attest', () => {
    const [finding] = findings(attested, facts([]));
    expect(finding?.detail).toContain(
      'the policy accepts lists that ci, other attested, and none stands beside',
    );
    expect(finding?.remedy).toContain('cosign attest --type cyclonedx');
  });

  test('are asked for with the keys of all authorities, beside each image that is judged', () => {
    const spec = (keys: readonly (typeof ci)[]) => ({
      multiArch: { mode: 'platforms', platforms: ['linux/amd64'] },
      checks: [
        {
          vulnerabilities: {
            max: { critical: 0 },
            unscanned: 'Deny',
            gaps: 'Deny',
            evidence: keys.map(({ pem }, at) => ({
              sbom: { authorities: [{ name: String(at), key: { pem } }] },
            })),
          },
        },
      ],
    });
    const { policies } = policySet({ p: spec([ci, other]) }).forNamespace('shop');
    const need = policies[0]?.needs.vulnerability?.wanted;
    expect(need?.lists).toMatchObject({
      catalog: false,
      unsigned: false,
      signed: { keys: [ci.signer.spki, other.signer.spki], locations: ['image'], platforms: ['linux/amd64'] },
    });
  });
});
