import { describe, expect, test } from 'vitest';
import {
  allFacts,
  createEvidenceHarness,
  digestOnly,
  pinnedDigest,
  reference,
} from '../../test/fakes/evidence/evidence-harness.ts';
import {
  anonymous,
  offer,
  createFakeContentStore,
  createFakeRegistryPort,
} from '../../test/fakes/evidence/evidence-sources.ts';
import { image } from '../../test/fakes/registry/registry-content.ts';
import { createEvidence } from './gather.ts';
import { createImageProvider } from './image/image-provider.ts';
import type { Keychain } from './ports.ts';

const host = 'registry.example.com';
const place = `${host}/team/web`;
const web = image({ user: '1000' });
const pods = 1000;
const images = Array.from({ length: 50 }, (_, n) => image({ labels: { number: String(n) } }));

describe('many reviews at once', () => {
  test(`${pods} reviews of 50 images cost at most three requests an image`, async () => {
    const harness = createEvidenceHarness();
    for (const [n, one] of images.entries()) harness.registry.push(`${host}/app${n}`, one, 'v1');
    harness.registry.answer = async () => {
      await new Promise((resolve) => {
        setTimeout(resolve, 2);
      });
      return undefined;
    };
    const requests = images.map((_, n) => ({ image: reference(`${host}/app${n}:v1`), needs: allFacts }));
    // However long it takes: requests are what is counted.
    const { signal } = new AbortController();
    const reviews = await Promise.all(
      Array.from({ length: pods }, () => harness.evidence.gather(requests, undefined, signal)),
    );
    for (const review of reviews) {
      expect(review.map(pinnedDigest)).toEqual(images.map(({ digest }) => digest));
      expect(review.every(({ facts }) => facts.image?.state === 'known')).toBe(true);
    }
    const perImage = new Map<string, number>();
    for (const { place: asked } of harness.registry.calls)
      perImage.set(asked, (perImage.get(asked) ?? 0) + 1);
    expect([...perImage.values()].every((count) => count <= 3)).toBe(true);
    expect(perImage.size).toBe(images.length);
  }, 120_000);

  test('one review reads few images at a time', async () => {
    const harness = createEvidenceHarness({}, { imagesAtOnce: 3 });
    let most = 0;
    let now = 0;
    harness.registry.answer = async () => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => {
        setTimeout(resolve, 1);
      });
      now--;
      return { state: 'absent' };
    };
    const requests = images.map((_, n) => ({ image: reference(`${host}/app${n}:v1`), needs: digestOnly }));
    await harness.evidence.gather(requests, undefined, AbortSignal.timeout(5000));
    expect(most).toBe(3);
  });

  test('a caller with 20 ms fails alone: one with five seconds gets the same answer it would have got', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1');
    const gate = Promise.withResolvers<undefined>();
    harness.registry.answer = () => gate.promise;
    const hurried = harness.ask(`${place}:v1`, { signal: AbortSignal.timeout(20) });
    const patient = harness.ask(`${place}:v1`);
    expect((await hurried).pinned).toMatchObject({
      state: 'unavailable',
      why: {
        what: `${host}: manifest`,
        why: expect.stringContaining('no answer in time, without a credential'),
      },
    });
    gate.resolve(undefined);
    expect((await patient).facts.image?.state).toBe('known');
    expect(harness.requests()).toEqual(['GET manifest', 'GET blob']);
  });
});

describe('the deadline of a review', () => {
  test('is kept whatever hangs, and every image gets an answer that names its stage', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1');
    harness.registry.answer = ({ verb }) => (verb === 'blob' ? new Promise(() => {}) : undefined);
    const requests = Array.from({ length: 30 }, (_, n) => ({
      image: reference(n === 0 ? `${place}:v1` : `${host}/app${n}:v1`),
      needs: allFacts,
    }));
    const found = await harness.evidence.gather(requests, undefined, AbortSignal.timeout(30));
    expect(found).toHaveLength(30);
    expect(pinnedDigest(found[0]!)).toBe(web.digest);
    expect(found[0]?.facts.image).toMatchObject({ state: 'unavailable', why: { what: `${host}: blob` } });
    expect(found.slice(1).map(({ facts }) => facts.image?.state)).not.toContain('known');
  });

  test('is kept when the keychain hangs', async () => {
    const keychain: Keychain = {
      offers: async function* () {
        await new Promise(() => {});
        yield offer(anonymous);
      },
    };
    const evidence = createEvidence({
      registry: createFakeRegistryPort(),
      keychain,
      content: createFakeContentStore(),
      clock: performanceClock,
      providers: [createImageProvider],
    });
    const wanted = [{ image: reference(`${place}:v1`), needs: allFacts }];
    const [found] = await evidence.gather(wanted, undefined, AbortSignal.timeout(20));
    expect(found?.pinned).toMatchObject({ state: 'unavailable', why: { what: `${host}: credentials` } });
  });

  test('is kept when the store hangs', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1');
    harness.content.get = () => new Promise(() => {});
    const found = await harness.ask(`${place}:v1`, { signal: AbortSignal.timeout(20) });
    expect(found.facts.image?.state).toBe('unavailable');
  });

  test('that has passed before it began is a deadline, not an exception', async () => {
    const harness = createEvidenceHarness();
    const found = await harness.ask(`${place}:v1`, { signal: AbortSignal.abort() });
    expect(found.pinned.state).toBe('unavailable');
    expect(harness.requests()).toEqual([]);
  });
});

test('the keychain is asked once for all images of a repository, and its search ends when nobody needs it any more', async () => {
  let asked = 0;
  let ended = 0;
  const keychain: Keychain = {
    offers: async function* () {
      asked++;
      try {
        yield offer(anonymous);
      } finally {
        ended++;
      }
    },
  };
  const registry = createFakeRegistryPort();
  registry.push(place, web, 'v1', 'v2');
  const content = createFakeContentStore();
  const providers = [createImageProvider];
  const sources = { registry, keychain, content, clock: performanceClock, providers };
  const wanted = ['v1', 'v2', 'v1'].map((tag) => ({ image: reference(`${place}:${tag}`), needs: allFacts }));
  await createEvidence(sources).gather(wanted, undefined, AbortSignal.timeout(5000));
  expect([asked, ended]).toEqual([1, 1]);
});

test('a bug in a port is an exception for the gate, and not a fact', async () => {
  const harness = createEvidenceHarness();
  harness.registry.manifest = () => Promise.reject(new Error('a bug'));
  await expect(harness.ask(`${place}:v1`)).rejects.toThrow('a bug');
});

test('a thousand distinct images leave bounded memory of themselves', async () => {
  const harness = createEvidenceHarness({}, { grants: 50, factEntries: 10, answers: 10 });
  for (let n = 0; n < 200; n++) {
    harness.registry.push(`${host}/app${n}`, web, 'v1');
    expect((await harness.ask(`${host}/app${n}:v1`)).facts.image?.state).toBe('known');
  }
  harness.registry.answer = () => ({ state: 'absent' });
  expect((await harness.ask(`${host}/app0:v1`)).pinned.state).toBe('absent');
  expect((await harness.ask(`${host}/app199:v1`)).pinned.state).toBe('known');
});

const performanceClock = { now: () => Date.now(), monotonic: () => performance.now() };
