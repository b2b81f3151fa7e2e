import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  openClaimEvidence,
  signatureBy,
  everything,
  type ClaimEvidence,
} from '../../../test/fakes/evidence/claim-evidence.ts';
import { companySigner, signedBy, timeBy } from '../../../test/fakes/claims.ts';
import { offer } from '../../../test/fakes/evidence/evidence-sources.ts';
import { image } from '../../../test/fakes/registry/registry-content.ts';
import { basicCredential } from '../../../test/fakes/registry/registry-reading.ts';
import { status } from '../../../test/fakes/registry/registry-faults.ts';
import { flooding } from '../../../test/fakes/registry/registry-wire-faults.ts';
import { startFakeRegistry, type FakeRegistry } from '../../../test/fakes/registry/registry.ts';
import { ecKey } from '../../../test/fakes/signature/signed-layers.ts';
import { bundleSignature, junk } from '../../../test/fakes/signature/signed-candidates.ts';
import type { ImageNeeds } from '../../core/facts/evidence-kind.ts';
import { absent, known } from '../../core/facts/fact.ts';
import type { Digest } from '../../core/image/digest.ts';
import type { Keychain } from '../ports.ts';
import type { TrustRoots } from '../trust/trust-root.ts';
import type { CandidateVerifier } from '../verify/verification.ts';

const repository = 'shop/web';
const web = image({ user: '1000' });
const key = ecKey();
const other = ecKey();
const users = { ann: { password: 'a' }, bob: { password: 'b' } };

let registry: FakeRegistry;
let gate: ClaimEvidence;
let rootId = `sha256:${'1'.repeat(64)}` as Digest;
let names: readonly string[] = [];
let keychain: Keychain;
const trustRoots: TrustRoots = {
  get: (name) => (names.includes(name) ? known({ name, id: rootId, kind: 'x509', roots: '' }) : absent),
};
beforeEach(async () => {
  names = ['acme'];
  registry = await startFakeRegistry({ auth: { mode: 'basic', users } });
  registry.push(repository, web);
  keychain = {
    offers: async function* (_: unknown, context: { readonly namespace: string } | undefined) {
      yield offer(context?.namespace === 'shop' ? basicCredential('ann', 'a') : basicCredential('bob', 'b'));
    },
  };
  gate = openClaimEvidence({ keychain, trustRoots });
});
afterEach(async () => {
  await gate.close();
  await registry.close();
});

const sign = () => registry.push(repository, bundleSignature(web, key.sign));
const ask = async (needs: ImageNeeds = signatureBy(key.spki), namespace = 'shop') => {
  const text = `${registry.host}/${repository}@${web.digest}`;
  const { signature } = await gate.ask(text, needs, { namespace });
  if (signature.state !== 'known') throw new Error(`not known: ${JSON.stringify(signature)}`);
  return signature.value.named;
};
const listings = (): number => registry.counts().referrers;

describe('what was found is kept', () => {
  test('a list for at most 60 s, and what its candidates say for longer', async () => {
    sign();
    for (const [wait, lists] of [
      [0, 1],
      [49_000, 1],
      [11_000, 2],
      [3_600_000, 3],
    ] as const) {
      gate.advance(wait);
      expect((await ask()).claims).toHaveLength(1);
      expect(listings()).toBe(lists);
    }
    expect(gate.verified).toHaveLength(1);
    expect(registry.counts().blobs).toBe(1);
  });

  test('S5: what a certificate says that nobody dates, until its chain ends: another one may be valid then', async () => {
    sign();
    const hour = 3_600_000;
    const now = Date.now();
    const signer = companySigner({ validity: { from: now - hour, until: now + hour } });
    for (const [times, verifications] of [
      [[], 2],
      [[timeBy('timestamp', now)], 1],
    ] as const) {
      const one = signedBy(signer, { times });
      const verifier: CandidateVerifier = {
        verify: ({ subject }) =>
          Promise.resolve({ claims: [{ ...one, about: subject.digest }], rejected: [] }),
      };
      const plain = openClaimEvidence({ keychain, verifier, trustRoots, now });
      const needs = signatureBy(key.spki, { demands: [everything] });
      const text = `${registry.host}/${repository}@${web.digest}`;
      for (const wait of [0, hour / 2, hour]) {
        plain.advance(wait);
        await plain.ask(text, needs);
        expect(plain.verified).toHaveLength(wait < hour ? 1 : verifications);
      }
      await plain.close();
    }
  });

  test('what all of a check asks for is gathered once for all contexts of an account', async () => {
    sign();
    const needs = signatureBy(key.spki);
    const [one, other] = [await ask(needs, 'team-1'), await ask(needs, 'team-2')];
    expect(one.claims).toHaveLength(1);
    expect(other.claims).toBe(one.claims);
  });

  test('and stands as long as its lists are fresh, so that nothing is read for it', async () => {
    sign();
    const first = await ask();
    registry.forget();
    for (const _ of [1, 2, 3]) {
      gate.advance(15_000);
      expect(await ask()).toBe(first);
    }
    expect(registry.counts().total).toBe(0);
    gate.advance(15_000);
    expect(await ask()).not.toBe(first);
    expect(listings()).toBe(1);
  });

  test('but no longer, once the registry tells of a push', async () => {
    sign();
    const first = await ask();
    gate.evidence.pushedTo?.({ host: registry.host, repository });
    gate.advance(5001);
    expect((await ask()).claims).toEqual(first.claims);
    expect(listings()).toBe(2);
  });

  test('nor once time has ended what was enough: then something newer is looked for', async () => {
    sign();
    const until = Date.now() + 20_000;
    const isMet = (_: unknown, { now }: { readonly now: number }) => now < until;
    const demand = { key: 'until', isMet, isFound: isMet };
    const needs = signatureBy(key.spki, { demands: [demand] });
    const first = await ask(needs);
    gate.advance(10_001);
    expect(await ask(needs)).toBe(first);
    expect(listings()).toBe(1);
    gate.advance(10_001);
    expect(await ask(needs)).not.toBe(first);
    expect(listings()).toBe(2);
  });

  test('what is found is no reason to read lists again, though every candidate has to be known', async () => {
    sign();
    const demand = {
      key: 'all',
      isMet: () => false,
      isFound: (claims: readonly unknown[]) => claims.length > 0,
    };
    const needs = signatureBy(key.spki, { demands: [demand] });
    for (const [wait, lists] of [
      [0, 1],
      [11_000, 1],
      [38_000, 1],
      [11_000, 2],
    ] as const) {
      gate.advance(wait);
      expect((await ask(needs)).claims).toHaveLength(1);
      expect(listings()).toBe(lists);
    }
  });

  test('nor under another trust snapshot, nor for another account', async () => {
    sign();
    const needs = signatureBy(key.spki, { trustRoots: ['acme'] });
    const first = await ask(needs);
    expect(await ask(needs, 'bank')).not.toBe(first);
    gate.advance(5001);
    rootId = `sha256:${'2'.repeat(64)}` as Digest;
    expect(await ask(needs)).not.toBe(first);
    rootId = `sha256:${'1'.repeat(64)}` as Digest;
  });

  test('"none there" for 10 s, whatever else is there', async () => {
    registry.push(repository, junk(web, 1));
    expect((await ask()).claims).toEqual([]);
    sign();
    gate.advance(9000);
    expect((await ask()).claims).toEqual([]);
    expect(listings()).toBe(1);
    gate.advance(1001);
    expect((await ask()).claims).toHaveLength(1);
  });

  test('and "none there" no longer, once the registry tells of a push', async () => {
    expect((await ask()).claims).toEqual([]);
    sign();
    gate.evidence.pushedTo?.({ host: registry.host, repository: 'shop/other' });
    expect((await ask()).claims).toEqual([]);
    gate.evidence.pushedTo?.({ host: registry.host, repository });
    expect((await ask()).claims).toHaveLength(1);
  });

  test('a candidate that says nothing for 60 s', async () => {
    registry.push(repository, bundleSignature(web, other.sign));
    for (const [wait, times] of [
      [0, 1],
      [11_000, 1],
      [50_000, 2],
    ] as const) {
      gate.advance(wait);
      expect((await ask()).rejected).toMatchObject([{ fault: 'untrusted' }]);
      expect(gate.verified).toHaveLength(times);
    }
  });

  test('never a list of which nothing was read: the review may have read its share', async () => {
    sign();
    const disarm = registry.fault({ path: '/referrers/' }, flooding().fault);
    expect(await ask()).toMatchObject({ claims: [], left: 1 });
    disarm();
    expect((await ask()).claims).toHaveLength(1);
  });

  test('never what was too slow to verify, or could not be read', async () => {
    await gate.close();
    const slow = { claims: [], rejected: [{ fault: 'slow', why: 'late', checks: [] }] } as const;
    const keychain = {
      offers: async function* () {
        yield offer(basicCredential('ann', 'a'));
      },
    };
    gate = openClaimEvidence({ keychain, verifier: { verify: () => Promise.resolve(slow) } });
    sign();
    for (const times of [1, 2]) {
      expect((await ask()).rejected).toMatchObject([{ fault: 'slow' }]);
      expect(gate.verified).toHaveLength(times);
    }
  });
});

describe('R28: what is kept for one is nothing to another', () => {
  test('credential', async () => {
    sign();
    await ask();
    expect((await ask(signatureBy(key.spki), 'other')).claims).toHaveLength(1);
    expect(listings()).toBe(2);
    expect(gate.verified).toHaveLength(2);
  });

  test('set of keys', async () => {
    sign();
    await ask();
    expect((await ask(signatureBy(other.spki))).claims).toEqual([]);
    const both = { keys: [key.spki, other.spki] };
    expect((await ask(signatureBy(key.spki, both))).claims).toHaveLength(1);
    expect(gate.verified).toHaveLength(3);
    const turned = { keys: [other.spki, key.spki], demands: [everything] };
    expect((await ask(signatureBy(key.spki, turned))).claims).toHaveLength(1);
    expect(gate.verified).toHaveLength(3);
  });

  test('snapshot of a trust root', async () => {
    sign();
    const needs = signatureBy(key.spki, { trustRoots: ['acme', 'gone'] });
    await ask(needs);
    await ask(needs);
    rootId = `sha256:${'2'.repeat(64)}` as Digest;
    await ask(needs);
    expect(gate.verified.map(({ trustRoots }) => trustRoots.map(({ id }) => id[7]))).toEqual([['1'], ['2']]);
  });

  test('snapshot of a trust root that comes, and that goes', async () => {
    sign();
    const needs = signatureBy(key.spki, { trustRoots: ['acme', 'late'] });
    const used = async (): Promise<readonly string[]> => {
      const text = `${registry.host}/${repository}@${web.digest}`;
      const { signature } = await gate.ask(text, needs, { namespace: 'shop' });
      return signature.state === 'known' ? Object.keys(signature.value.trustSnapshots) : [];
    };
    expect(await used()).toEqual(['acme']);
    expect(await used()).toEqual(['acme']);
    names = ['acme', 'late'];
    expect(await used()).toEqual(['acme', 'late']);
    names = [];
    expect(await used()).toEqual([]);
  });
});

describe('while the registry is down', () => {
  const down = () => registry.fault({}, status(503));

  test('a claim of the last 24 h stands', async () => {
    sign();
    await ask();
    down();
    gate.advance(23 * 3_600_000);
    const found = await ask();
    expect(found.claims).toHaveLength(1);
    gate.advance(2 * 3_600_000);
    const text = `${registry.host}/${repository}@${web.digest}`;
    expect((await gate.ask(text, signatureBy(key.spki))).signature.state).toBe('unavailable');
  });

  test('what was not there is unavailable, not absent', async () => {
    await ask();
    down();
    gate.advance(61_000);
    const found = await ask();
    expect(found.claims).toEqual([]);
    expect(found.sources.map(({ state }) => state)).toEqual(['unavailable', 'unavailable', 'unavailable']);
  });

  test('a list alone that fails is stood in for, and is unavailable still', async () => {
    sign();
    await ask();
    registry.fault({ path: '/referrers/' }, status(503));
    gate.advance(61_000);
    const found = await ask();
    expect(found.claims).toHaveLength(1);
    expect(found.sources).toContainEqual(
      expect.objectContaining({ source: 'referrers', state: 'unavailable' }),
    );
  });

  test('a login that is refused is no outage: nothing stands in', async () => {
    sign();
    await ask();
    registry.fault({ path: '/referrers/' }, status(403));
    gate.advance(61_000);
    expect((await ask()).claims).toEqual([]);
  });
});

test('B9: what is kept is bounded: names that somebody makes up do not fill the memory', async () => {
  await gate.close();
  const keychain = {
    offers: async function* () {
      yield offer(basicCredential('ann', 'a'));
    },
  };
  gate = openClaimEvidence({ keychain, limits: { candidateLists: 1, claimEntries: 1 } });
  sign();
  registry.push(repository, bundleSignature(web, other.sign));
  const needs = signatureBy(key.spki, { demands: [everything] });
  await ask(needs);
  expect(gate.verified).toHaveLength(2);
  const asked = registry.counts().total;
  await ask(needs);
  // Two candidates and a place for one, three lists and a place for one: they are read again.
  expect(gate.verified).toHaveLength(4);
  expect(registry.counts().total).toBeGreaterThanOrEqual(asked + 2);
});

test('candidates are counted when they are read, and not when they are known', async () => {
  sign();
  registry.push(repository, bundleSignature(web, other.sign));
  registry.push(repository, junk(web, 1));
  const needs = signatureBy(key.spki, { demands: [everything] });
  await ask(needs);
  const once = ['bundle claim', 'bundle untrusted', 'none foreign'];
  const counted = () => gate.counted.filter((text) => !text.startsWith('took')).sort();
  expect(counted()).toEqual(once);
  expect(gate.counted).toEqual(expect.arrayContaining(['took list', 'took read', 'took verify']));
  await ask(needs);
  expect(counted()).toEqual(once);
});
