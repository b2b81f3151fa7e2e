import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  openClaimEvidence,
  signatureBy,
  type ClaimEvidence,
} from '../../../test/fakes/evidence/claim-evidence.ts';
import { offer } from '../../../test/fakes/evidence/evidence-sources.ts';
import { image, index } from '../../../test/fakes/registry/registry-content.ts';
import { anonymous, basicCredential } from '../../../test/fakes/registry/registry-reading.ts';
import { delayed, silence } from '../../../test/fakes/registry/registry-wire-faults.ts';
import { startFakeRegistry, type FakeRegistry } from '../../../test/fakes/registry/registry.ts';
import { bundleSignature, simpleSignature, tagFor } from '../../../test/fakes/signature/signed-candidates.ts';
import { ecKey } from '../../../test/fakes/signature/signed-layers.ts';
import type { SignatureClaim } from '../../core/facts/claim.ts';
import type { Keychain, Repository } from '../ports.ts';
import { soon } from '../../../test/soon.ts';

const repository = 'shop/web';
const web = image({ user: '1000' });
const key = ecKey();
const ann = basicCredential('ann', 'pw');
const bob = basicCredential('bob', 'no');

let images: FakeRegistry;
let signatures: FakeRegistry;
let gate: ClaimEvidence;
/** For which repositories the Pod's keychain was asked. */
let opened: string[];
beforeEach(async () => {
  images = await startFakeRegistry();
  signatures = await startFakeRegistry({
    address: '127.0.0.2',
    auth: { mode: 'basic', users: { ann: { password: 'pw' } } },
  });
  images.push(repository, web);
  opened = [];
  const keychain: Keychain = {
    offers: async function* ({ host, repository }: Repository, context) {
      opened.push(`${host}/${repository} ${context?.namespace ?? 'nobody'}`);
      if (host !== signatures.host) yield offer(anonymous);
      else if (context?.namespace === 'shop') yield* [offer(bob), offer(ann)];
      else yield offer(bob);
    },
  };
  gate = openClaimEvidence({ keychain });
});
afterEach(async () => {
  await gate.close();
  await images.close();
  await signatures.close();
});

const ask = async (locations: readonly string[], namespace = 'shop') => {
  const { signature } = await gate.ask(
    `${images.host}/${repository}@${web.digest}`,
    signatureBy(key.spki, { locations }),
    { namespace },
  );
  if (signature.state !== 'known') throw new Error(`not known: ${JSON.stringify(signature)}`);
  return signature.value.named;
};
const elsewhere = () => `${signatures.host}/sigs/{name}`;

describe('S12: signatures in another repository', () => {
  test('are read there, with the credentials of the Pod for it', async () => {
    signatures.push('sigs/web', simpleSignature(web, key.sign), tagFor(web, 'sig'));
    const { claims, sources } = await ask([elsewhere()]);
    expect(claims).toMatchObject([{ location: `${signatures.host}/sigs/web` }]);
    expect(sources).toContainEqual({
      source: 'signature-tag',
      location: `${signatures.host}/sigs/web`,
      state: 'known',
    });
    expect(opened).toEqual([`${images.host}/${repository} shop`, `${signatures.host}/sigs/web shop`]);
    // Beside the image nothing was asked for.
    expect(images.counts()).toMatchObject({ total: 1 });
  });

  test('another Pod cannot read them, and gets nothing of what the first one has read', async () => {
    signatures.push('sigs/web', simpleSignature(web, key.sign), tagFor(web, 'sig'));
    expect((await ask([elsewhere()])).claims).toHaveLength(1);
    const other = await ask([elsewhere()], 'stranger');
    expect(other.claims).toEqual([]);
    expect(other.sources.map(({ state }) => state)).toEqual(['unavailable', 'unavailable', 'unavailable']);
    expect(JSON.stringify(other)).not.toContain('excusable');
  });

  test('are not asked for when what stands beside the image is enough', async () => {
    images.push(repository, bundleSignature(web, key.sign));
    expect((await ask(['image', elsewhere()])).claims).toHaveLength(1);
    expect(signatures.counts().total).toBe(0);
  });

  test('are found though the first place does not answer (S2)', async () => {
    signatures.push('sigs/web', simpleSignature(web, key.sign), tagFor(web, 'sig'));
    for (const path of ['/referrers/', `/manifests/${web.digest.replace(':', '-')}`])
      images.fault({ path }, silence());
    expect((await ask(['image', elsewhere()])).claims).toHaveLength(1);
  });

  test('which one Pod reads and another cannot, end no search that both share', async () => {
    const keys = [key, ecKey(), ecKey(), ecKey()] as const;
    const child = image({ user: '2', platform: { os: 'linux', architecture: 'amd64' } });
    const list = index([child]);
    for (const one of [child, list]) images.push(repository, one);
    images.push(repository, bundleSignature(list, keys[0].sign));
    signatures.push('sigs/web', simpleSignature(list, keys[1].sign), tagFor(list, 'sig'));
    images.push(repository, simpleSignature(child, keys[2].sign), tagFor(child, 'sig'));
    images.push(repository, bundleSignature(child, keys[3].sign));
    images.fault({ path: child.digest.replace(':', '-') }, delayed(1200));
    const isMet = (claims: readonly SignatureClaim[]): boolean =>
      new Set(claims.map(({ signer }) => signer.spki)).size >= 3;
    const needs = signatureBy(key.spki, {
      keys: keys.map(({ spki }) => spki),
      locations: ['image', elsewhere()],
      platforms: 'all',
      named: false,
      demands: [{ key: 'three', isMet, isFound: isMet }],
    });
    const text = `${images.host}/${repository}@${list.digest}`;
    const signersOf = async (namespace: string): Promise<number> => {
      const { signature } = await gate.ask(text, needs, { namespace });
      if (signature.state !== 'known') throw new Error('not known');
      const { named, platforms } = signature.value;
      const claims = [named, ...platforms].flatMap(({ claims: found }) => found);
      return new Set(claims.map(({ signer }) => signer.spki)).size;
    };
    const reader = signersOf('shop');
    const tag = tagFor(child, 'sig');
    await vi.waitUntil(() => images.requests.some(({ path }) => path.endsWith(tag)), soon);
    expect(await Promise.all([reader, signersOf('stranger')])).toEqual([3, 3]);
  });

  test('that name no repository are a place where nobody could look', async () => {
    expect(await ask(['UPPER CASE/{tag}'])).toMatchObject({
      claims: [],
      sources: [
        { state: 'unavailable', why: { why: 'that is no name of a repository' } },
        { state: 'unavailable' },
        { state: 'unavailable' },
      ],
    });
  });

  test('a template that means the repository of the image is that repository', async () => {
    images.push(repository, bundleSignature(web, key.sign));
    expect((await ask(['{host}/{path}'])).claims).toHaveLength(1);
    expect(opened).toEqual([`${images.host}/${repository} shop`]);
  });
});
