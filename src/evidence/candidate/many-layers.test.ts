import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openClaimEvidence, type ClaimEvidence } from '../../../test/fakes/evidence/claim-evidence.ts';
import { verdictOn } from '../../../test/fakes/evidence/claim-verdict.ts';
import { image } from '../../../test/fakes/registry/registry-content.ts';
import { startFakeRegistry, type FakeRegistry } from '../../../test/fakes/registry/registry.ts';
import { candidateOf, tagFor } from '../../../test/fakes/signature/signed-candidates.ts';
import { ecKey, simplePayload, simpleSigningLayer } from '../../../test/fakes/signature/signed-layers.ts';

/** cosign 2 adds a layer at the end of one manifest with each signature. */

const repository = 'shop/web';
const web = image({ user: '1000' });
const [key, stranger] = [ecKey(), ecKey()];
const pem = `-----BEGIN PUBLIC KEY-----\n${key.spki}\n-----END PUBLIC KEY-----\n`;
const specs = { p: { checks: [{ signature: { authorities: [{ name: 'release', key: { pem } }] } }] } };
const ours = simpleSigningLayer(key.sign, simplePayload(web.digest));
const theirs = simpleSigningLayer(stranger.sign, simplePayload(web.digest));

let registry: FakeRegistry;
let gate: ClaimEvidence;
beforeEach(async () => {
  registry = await startFakeRegistry();
  registry.push(repository, web);
  gate = openClaimEvidence();
});
afterEach(async () => {
  await gate.close();
  await registry.close();
});

const codes = async (layers: readonly (typeof ours)[]): Promise<readonly string[]> => {
  registry.push(repository, candidateOf(layers), tagFor(web, 'sig'));
  const text = `${registry.host}/${repository}@${web.digest}`;
  return (await verdictOn(specs, text, gate, Date.now())).codes;
};
const many = (count: number): readonly (typeof ours)[] => Array.from({ length: count }, () => theirs);

describe('signatures in one manifest', () => {
  test('of many the last ones are read, as the newest stand at the end', async () => {
    expect(await codes([...many(100), ours])).toEqual([]);
  });

  test('S3: one that is too far in front is a limit, which excuses nothing', async () => {
    expect(await codes([ours, ...many(100)])).toEqual(['signature-limit']);
  });

  test.each([
    [3000, 'signature-limit'],
    [10_000, 'signature-invalid'],
  ])('B9, S3: %i of them are a bad candidate, and none is read', async (count, code) => {
    expect(await codes([...many(count), ours])).toEqual([code]);
    expect(registry.counts().blobs).toBe(0);
    expect(gate.verified).toEqual([]);
  });
});
