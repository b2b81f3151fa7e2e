import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createContentStore, type OpenContentStore } from '../../src/adapters/content/content.ts';
import type { ImageEvidence } from '../../src/core/facts/image-evidence.ts';
import { createImageProvider } from '../../src/evidence/image/image-provider.ts';
import { createEvidence, type Evidence } from '../../src/evidence/gather.ts';
import type { CredentialOffer } from '../../src/evidence/ports.ts';
import { allFacts, pinnedDigest, reference } from '../fakes/evidence/evidence-harness.ts';
import { offer, createFakeKeychain } from '../fakes/evidence/evidence-sources.ts';
import { image, index } from '../fakes/registry/registry-content.ts';
import { flipping, lyingDigest, status, withBody } from '../fakes/registry/registry-faults.ts';
import { anonymous, basicCredential, openReading, type Reading } from '../fakes/registry/registry-reading.ts';
import { silence, truncated } from '../fakes/registry/registry-wire-faults.ts';
import {
  startFakeRegistry,
  type FakeAuth,
  type FakeRegistry,
  type FakeRegistryOptions,
} from '../fakes/registry/registry.ts';

const web = image({ user: '1000', labels: { team: 'web' } });
const evil = image({ user: '0' });
const authOf = (mode: 'basic' | 'bearer', password: string): FakeAuth =>
  mode === 'basic' ? { mode, users: { ann: { password } } } : { mode, users: { ann: { password } } };
const ann = offer(basicCredential('ann', 'pw'));
const credentials: Readonly<Record<string, readonly CredentialOffer[]>> = {
  shop: [ann, offer(anonymous)],
  guest: [offer(anonymous)],
};

let directory = '';
let registry: FakeRegistry;
const closing: (() => Promise<void>)[] = [];

/** Evidence that asks a registry over real HTTP; only the keychain is a double. */
interface HttpEvidence {
  readonly evidence: Evidence;
  readonly content: OpenContentStore;
  readonly reading: Reading;
  advance(milliseconds: number): void;
  ask(text: string, namespace?: string, milliseconds?: number): Promise<ImageEvidence>;
}
const openHttpEvidence = (): HttpEvidence => {
  const reading = openReading();
  const content = createContentStore({ directory, maxMemoryBytes: 1e6, maxDiskBytes: 1e6 });
  let passed = 0;
  const clock = { now: () => Date.now() + passed, monotonic: () => performance.now() + passed };
  const keychain = createFakeKeychain(credentials);
  const evidence = createEvidence({
    registry: reading.registry,
    keychain,
    content,
    clock,
    providers: [createImageProvider],
  });
  closing.push(
    () => reading.close(),
    () => content.close(),
  );
  return {
    evidence,
    content,
    reading,
    advance: (milliseconds) => {
      passed += milliseconds;
      reading.advance(milliseconds);
    },
    ask: async (text, namespace = 'guest', milliseconds = 5000) => {
      const wanted = [{ image: reference(text), needs: allFacts }];
      const context = { namespace, pullSecrets: [] };
      const [found] = await evidence.gather(wanted, context, AbortSignal.timeout(milliseconds));
      if (found === undefined) throw new Error('gather gave no answer');
      return found;
    },
  };
};
const start = async (options: FakeRegistryOptions = {}): Promise<string> => {
  registry = await startFakeRegistry(options);
  closing.push(() => registry.close());
  registry.push('team/web', web, 'v1');
  return `${registry.host}/team/web`;
};

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'road-'));
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
  await rm(directory, { recursive: true, force: true });
});

test('cold costs two requests, warm none, later one HEAD', async () => {
  const place = await start();
  const setup = openHttpEvidence();
  const cold = await setup.ask(`${place}:v1`);
  expect(cold.facts.image).toMatchObject({
    state: 'known',
    value: { platforms: [{ user: '1000', labels: { team: 'web' } }] },
  });
  expect(registry.counts()).toMatchObject({ total: 2, heads: 0, manifests: 1, blobs: 1 });
  expect(await setup.ask(`${place}:v1`)).toEqual(cold);
  expect(registry.counts().total).toBe(2);
  setup.advance(6000);
  expect(await setup.ask(`${place}:v1`)).toEqual(cold);
  expect(registry.counts()).toMatchObject({ total: 3, heads: 1 });
});

test('after a restart the bytes come from disk: the access grant is all that is asked for', async () => {
  const place = await start();
  const first = openHttpEvidence();
  const before = await first.ask(`${place}@${web.digest}`);
  await first.content.close();
  registry.forget();
  const second = openHttpEvidence();
  await second.content.opened;
  expect(await second.ask(`${place}@${web.digest}`)).toEqual(before);
  expect(registry.counts()).toMatchObject({ total: 1, heads: 1 });
});

test('an index of two platforms is read whole', async () => {
  const place = await start();
  const arm = image({ user: '2000', platform: { os: 'linux', architecture: 'arm64' } });
  const both = registry.push('team/web', index([web, arm]), 'multi');
  const found = await openHttpEvidence().ask(`${place}:multi`);
  expect(pinnedDigest(found)).toBe(both.digest);
  expect(found.facts.image).toMatchObject({
    value: { isIndex: true, platforms: [{ user: '1000' }, { user: '2000' }] },
  });
});

describe('a hostile registry', () => {
  test('B1: that flips its manifests is judged by the one that was read, and that one is pinned', async () => {
    const place = await start();
    registry.push('team/web', evil);
    registry.fault({ path: '/manifests/' }, flipping(web, evil));
    const setup = openHttpEvidence();
    const wanted = Array.from({ length: 8 }, () => ({ image: reference(`${place}:v1`), needs: allFacts }));
    const found = await setup.evidence.gather(wanted, undefined, AbortSignal.timeout(5000));
    expect(new Set(found.map(pinnedDigest))).toEqual(new Set([web.digest]));
    expect(found[0]?.facts.image).toMatchObject({
      value: { digest: web.digest, platforms: [{ user: '1000' }] },
    });
  });

  test('B1: that lies in Docker-Content-Digest says nothing', async () => {
    const place = await start();
    registry.fault({ path: '/manifests/' }, lyingDigest(evil.digest));
    const found = await openHttpEvidence().ask(`${place}:v1`);
    expect(found.pinned.state).toBe('unavailable');
    expect(JSON.stringify(found.pinned)).not.toContain(evil.digest.slice(0, 20));
  });

  test('B1: whose HEAD names another digest later makes us read, and the bytes decide', async () => {
    const place = await start();
    const setup = openHttpEvidence();
    await setup.ask(`${place}:v1`);
    registry.fault({ path: '/manifests/', method: 'HEAD' }, lyingDigest(evil.digest));
    setup.advance(6000);
    expect(pinnedDigest(await setup.ask(`${place}:v1`))).toBe(web.digest);
  });

  test('B2: whose tag points elsewhere is asked for the digest that stands beside it', async () => {
    const place = await start();
    registry.push('team/web', evil, 'v2');
    const found = await openHttpEvidence().ask(`${place}:v2@${web.digest}`);
    expect(found.facts.image).toMatchObject({ value: { digest: web.digest, platforms: [{ user: '1000' }] } });
    expect(registry.requests.some(({ reference }) => reference === 'v2')).toBe(false);
  });

  test.each([
    ['other bytes for a config', '/blobs/', withBody('{"os":"linux","architecture":"amd64"}')],
    ['a body that is cut off', '/blobs/', truncated(10)],
    ['a 500', '/blobs/', status(500)],
    ['other bytes for a digest', '/manifests/', withBody(evil.bytes)],
  ])('with %s leaves the facts unavailable', async (_, path, fault) => {
    const place = await start();
    registry.fault({ path }, fault);
    const found = await openHttpEvidence().ask(`${place}@${web.digest}`);
    expect(found.facts.image).toMatchObject({
      state: 'unavailable',
      why: {
        what: expect.stringContaining(registry.host),
        why: expect.stringMatching(/without a credential, after [\d,]+ ms$/),
      },
    });
  });

  test('that is silent costs the deadline and no more, and says where it was waited', async () => {
    const place = await start();
    registry.fault({ path: '/manifests/' }, silence());
    const begun = performance.now();
    const found = await openHttpEvidence().ask(`${place}:v1`, 'guest', 100);
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(found.pinned).toMatchObject({ state: 'unavailable', why: { what: `${registry.host}: manifest` } });
  });

  test('that goes away is answered for with what was read, and its age', async () => {
    const place = await start();
    const setup = openHttpEvidence();
    const before = await setup.ask(`${place}:v1`);
    await registry.close();
    setup.advance(10_000);
    const found = await setup.ask(`${place}:v1`);
    expect(found).toMatchObject({ pinned: before.pinned, facts: before.facts });
    expect(found.staleFor).toBeGreaterThanOrEqual(10_000);
  });
});

describe.each(['basic', 'bearer'] as const)('a registry with %s authentication', (mode) => {
  test.each([
    ['the one with the secret first', ['shop', 'guest', 'shop']],
    ['the one without it first', ['guest', 'shop', 'guest']],
  ])('B29: two namespaces, one secret, %s', async (_, order) => {
    const place = await start({ auth: authOf(mode, 'pw') });
    const setup = openHttpEvidence();
    for (const namespace of order) {
      for (const text of [`${place}:v1`, `${place}@${web.digest}`]) {
        const found = await setup.ask(text, namespace);
        expect(found.facts.image?.state).toBe(namespace === 'shop' ? 'known' : 'unavailable');
        if (namespace === 'guest') expect(JSON.stringify(found)).not.toContain('1000');
      }
    }
  });

  test('B28: shows a secret in no answer', async () => {
    const place = await start({ auth: authOf(mode, 'other') });
    const found = await openHttpEvidence().ask(`${place}:v1`, 'shop');
    expect(found.tried).toEqual(['pull secret shop/regcred: denied', 'anonymous: denied']);
    expect(JSON.stringify(found)).not.toMatch(/\bpw\b/);
  });
});

test('a thousand pods of ten images cost at most three requests an image', async () => {
  await start();
  const images = Array.from({ length: 10 }, (_, n) => image({ labels: { number: String(n) } }));
  for (const [n, one] of images.entries()) registry.push(`app${n}`, one, 'v1');
  const setup = openHttpEvidence();
  const wanted = images.map((_, n) => ({ image: reference(`${registry.host}/app${n}:v1`), needs: allFacts }));
  const reviews = await Promise.all(
    Array.from({ length: 1000 }, () => setup.evidence.gather(wanted, undefined, AbortSignal.timeout(15_000))),
  );
  for (const review of reviews) expect(review.map(pinnedDigest)).toEqual(images.map(({ digest }) => digest));
  expect(registry.counts().total).toBeLessThanOrEqual(3 * images.length);
});
