import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  attestationBy,
  openClaimEvidence,
  signatureBy,
  type ClaimEvidence,
} from '../../../test/fakes/evidence/claim-evidence.ts';
import { image } from '../../../test/fakes/registry/registry-content.ts';
import { startFakeRegistry, type FakeRegistry } from '../../../test/fakes/registry/registry.ts';
import { bundleSignature, simpleSignature, tagFor } from '../../../test/fakes/signature/signed-candidates.ts';
import { ecKey } from '../../../test/fakes/signature/signed-layers.ts';
import { read, section } from '../../../test/markdown.ts';

const repository = 'shop/web';
const web = image({ user: '1000' });
const key = ecKey();
const slsa = 'https://slsa.dev/provenance/v1';
const ofSignature = signatureBy(key.spki);
const ofAttestation = attestationBy(key.spki, slsa);

let registry: FakeRegistry;
let gate: ClaimEvidence;
beforeEach(async () => {
  registry = await startFakeRegistry();
  registry.push(repository, web, 'v1');
  gate = openClaimEvidence();
});
afterEach(async () => {
  await gate.close();
  await registry.close();
});

/** A number that the table of requests in docs/operations.md tells. */
const told = (row: string): number => {
  const table = section(read('docs/operations.md'), '### Requests per image');
  const line = table.split('\n').find((one) => one.startsWith(`| ${row} |`));
  return Number(/^\| [^|]+ \| (\d+)/.exec(line ?? '')?.[1]);
};
/** Beside the one for its manifest. */
const requests = async (needs: typeof ofSignature): Promise<number> => {
  await gate.ask(`${registry.host}/${repository}@${web.digest}`, needs);
  return registry.counts().total - 1;
};

describe('an image that is judged for the first time costs what docs/operations.md says', () => {
  test.each([
    ['`signature`', ofSignature],
    ['`attestation`', ofAttestation],
    ['both', { ...ofSignature, ...ofAttestation }],
  ])('%s, and nothing is there', async (row, needs) => {
    expect(await requests(needs)).toBe(told(row));
  });

  test.each([
    [
      'a signature under its tag',
      () => registry.push(repository, simpleSignature(web, key.sign), tagFor(web, 'sig')),
    ],
    ['a bundle', () => registry.push(repository, bundleSignature(web, key.sign))],
  ])('`signature`: %s', async (_what, push) => {
    push();
    expect(await requests(ofSignature)).toBe(told('`signature`') + told('each candidate that is read'));
  });
});
