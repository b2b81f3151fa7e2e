import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  attestationBy,
  openClaimEvidence,
  signatureBy,
  type ClaimEvidence,
} from '../../../test/fakes/evidence/claim-evidence.ts';
import { verdictOn } from '../../../test/fakes/evidence/claim-verdict.ts';
import {
  artifact,
  image,
  index,
  mediaTypes,
  type FakeManifest,
} from '../../../test/fakes/registry/registry-content.ts';
import { startFakeRegistry, type FakeRegistry } from '../../../test/fakes/registry/registry.ts';
import { bundleSignature, simpleSignature, tagFor } from '../../../test/fakes/signature/signed-candidates.ts';
import { ecKey } from '../../../test/fakes/signature/signed-layers.ts';
import type { Claim, ClaimFacts } from '../../core/facts/claim.ts';
import type { Fact } from '../../core/facts/fact.ts';

const repository = 'shop/web';
const platformed = (architecture: string, user = architecture): FakeManifest =>
  image({ user, platform: { os: 'linux', architecture } });
const amd64 = platformed('amd64');
const arm64 = platformed('arm64');
const s390x = platformed('s390x');
const nested = index([s390x]);
const both = index([amd64, arm64]);
const key = ecKey();
const slsa = 'https://slsa.dev/provenance/v1';

let registry: FakeRegistry;
let gate: ClaimEvidence;
beforeEach(async () => {
  registry = await startFakeRegistry();
  gate = openClaimEvidence();
});
afterEach(async () => {
  await gate.close();
  await registry.close();
});

const sign = (subject: FakeManifest) => registry.push(repository, bundleSignature(subject, key.sign));
const attest = (subject: FakeManifest) =>
  registry.push(repository, bundleSignature(subject, key.sign, { predicateType: slsa }));
const factsOf = <C extends Claim>(fact: Fact<ClaimFacts<C>>): ClaimFacts<C> => {
  if (fact.state !== 'known') throw new Error(`not known: ${JSON.stringify(fact)}`);
  return fact.value;
};
const told = ({ named, platforms }: ClaimFacts<Claim>): readonly string[] => [
  `named ${named.claims.length}`,
  ...platforms.map(({ platform, claims }) => `${platform?.architecture ?? 'none'} ${claims.length}`),
];
type Choice = 'all' | 'reference' | readonly string[];
const signature = async (list: FakeManifest, platforms: Choice = 'all') => {
  const needs = signatureBy(key.spki, { platforms });
  const { signature } = await gate.ask(`${registry.host}/${repository}@${list.digest}`, needs);
  return factsOf(signature);
};
const attestation = async (list: FakeManifest, platforms: Choice = 'all') => {
  const needs = attestationBy(key.spki, slsa, { platforms });
  const { attestation } = await gate.ask(`${registry.host}/${repository}@${list.digest}`, needs);
  return factsOf(attestation);
};

describe('S1: the images behind an index', () => {
  test('are not looked at when the index is signed: that covers them', async () => {
    registry.push(repository, both);
    sign(both);
    const facts = await signature(both);
    expect(facts).toMatchObject({ isIndex: true, digest: both.digest });
    expect(told(facts)).toEqual(['named 1']);
  });

  test('are each looked at by themselves when it is not', async () => {
    registry.push(repository, both);
    sign(amd64);
    registry.push(repository, simpleSignature(arm64, key.sign), tagFor(arm64, 'sig'));
    expect(told(await signature(both))).toEqual(['named 0', 'amd64 1', 'arm64 1']);
  });

  test('are those of the platforms that are asked for', async () => {
    registry.push(repository, both);
    sign(arm64);
    expect(told(await signature(both, ['linux/arm64']))).toEqual(['named 0', 'arm64 1']);
  });

  test('are not judged where the named digest alone is', async () => {
    registry.push(repository, both);
    sign(amd64);
    expect(told(await signature(both, 'reference'))).toEqual(['named 0']);
  });

  test('do not make up for the index, so that it is looked at again while one is missing there', async () => {
    registry.push(repository, both);
    sign(amd64);
    sign(arm64);
    const needs = signatureBy(key.spki, { platforms: 'all', named: true });
    const text = `${registry.host}/${repository}@${both.digest}`;
    const ask = async () => told(factsOf((await gate.ask(text, needs)).signature));
    expect(await ask()).toEqual(['named 0', 'amd64 1', 'arm64 1']);
    sign(both);
    gate.advance(10_001);
    expect((await ask())[0]).toBe('named 1');
  });

  test.each([
    ['before', ['each-platform', 'reference']],
    ['after', ['reference', 'each-platform']],
  ])(
    'are looked at for one that is revoked, %s a policy that judges the index alone',
    async (_when, modes) => {
      registry.push(repository, both);
      sign(both);
      const pem = `-----BEGIN PUBLIC KEY-----\n${key.spki}\n-----END PUBLIC KEY-----\n`;
      const authorities = [{ name: 'builder', key: { pem } }];
      const checks = [{ signature: { authorities, revoked: { images: [arm64.digest] } } }];
      const specs = Object.fromEntries(modes.map((mode, at) => [`p${at}`, { multiArch: { mode }, checks }]));
      const text = `${registry.host}/${repository}@${both.digest}`;
      expect((await verdictOn(specs, text, gate, Date.now())).codes).toEqual(['signature-revoked']);
    },
  );

  test('have attestations of their own, whatever the index has', async () => {
    registry.push(repository, both);
    attest(both);
    attest(amd64);
    expect(told(await attestation(both))).toEqual(['named 1', 'amd64 1', 'arm64 0']);
  });

  test('may lie in an index of the index', async () => {
    const outer = index([amd64, nested]);
    registry.push(repository, outer);
    attest(s390x);
    expect(told(await attestation(outer))).toEqual(['named 0', 'amd64 0', 's390x 1']);
  });

  test('attachments of BuildKit are no images', async () => {
    const attached = artifact({ annotations: { n: '1' } });
    const unknown = { ...attached.descriptor, platform: { os: 'unknown', architecture: 'unknown' } };
    const list = index([amd64], { descriptors: [amd64.descriptor, unknown] });
    registry.push(repository, list);
    expect(told(await signature(list))).toEqual(['named 0', 'amd64 0']);
  });
});

describe('S3: an index that names what is not there', () => {
  const lie = { ...nested.descriptor, mediaType: mediaTypes.ociManifest };
  test.each([
    ['no image of that digest', index([amd64], { descriptors: [arm64.descriptor, amd64.descriptor] })],
    ['an index that it calls an image', index([amd64, nested], { descriptors: [lie, amd64.descriptor] })],
    [
      'an image of another size',
      index([amd64, arm64], { descriptors: [{ ...arm64.descriptor, size: 7 }, amd64.descriptor] }),
    ],
  ])('has nothing that speaks for it, and that excuses nothing: %s', async (_title, list) => {
    registry.push(repository, list);
    attest(amd64);
    const facts = await attestation(list);
    expect(facts.platforms).toMatchObject([
      { claims: [], rejected: [{ fault: 'unreadable' }], sources: [] },
      { claims: [{ about: amd64.digest }] },
    ]);
    expect(JSON.stringify(facts)).not.toContain('unavailable');
  });

  test('an index of too many images is a limit, which nothing excuses', async () => {
    const inner = (n: number) =>
      index(Array.from({ length: 33 }, (_, at) => platformed('amd64', `${n} ${at}`)));
    const list = index([inner(1), inner(2)]);
    registry.push(repository, list);
    const needs = signatureBy(key.spki, { platforms: 'all' });
    const { signature } = await gate.ask(`${registry.host}/${repository}@${list.digest}`, needs);
    expect(signature).toMatchObject({ state: 'unavailable', why: { final: true } });
    expect(JSON.stringify(signature)).not.toContain('excusable');
  });
});
