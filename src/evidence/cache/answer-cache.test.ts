import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  allFacts,
  createEvidenceHarness,
  digestOnly,
  pinnedDigest,
  reference,
  type EvidenceHarness,
} from '../../../test/fakes/evidence/evidence-harness.ts';
import { anonymous, offer, failure, pullSecret } from '../../../test/fakes/evidence/evidence-sources.ts';
import { image } from '../../../test/fakes/registry/registry-content.ts';
import type { ImageNeeds } from '../../core/facts/evidence-kind.ts';
import type { ImageEvidence } from '../../core/facts/image-evidence.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { PullContext } from '../ports.ts';
import { pullContextKey } from './answer-cache.ts';
import { imageNeed } from '../../core/facts/image-kind.ts';

const place = 'registry.example.com/shop/web';
const web = image({ user: '1000', labels: { classification: 'secret' } });
const newer = image({ user: '2000' });
const shop: PullContext = { namespace: 'shop', pullSecrets: ['regcred'], serviceAccount: 'web' };
const within = (): AbortSignal => AbortSignal.timeout(5000);

const filledHarness = (limits: Partial<EvidenceLimits> = {}): EvidenceHarness => {
  const harness = createEvidenceHarness(
    { shop: [offer(pullSecret('shop/regcred')), offer(anonymous)] },
    limits,
  );
  harness.registry.push(place, web, 'v1');
  return harness;
};
const gather = async (
  { evidence }: EvidenceHarness,
  text: string,
  context: PullContext | null = shop,
  needs: ImageNeeds = allFacts,
): Promise<ImageEvidence | undefined> => {
  const [found] = await evidence.gather([{ image: reference(text), needs }], context ?? undefined, within());
  return found;
};
const recall = (
  { evidence }: EvidenceHarness,
  text: string,
  context: PullContext | null = shop,
  needs: ImageNeeds = allFacts,
): ImageEvidence | undefined =>
  evidence.cached?.([{ image: reference(text), needs }], context ?? undefined)?.[0];

describe('what was found a moment ago', () => {
  test.each([`${place}:v1`, `${place}@${web.digest}`, `${place}:v1@${web.digest}`])(
    '%s: is said again at once, and nobody is asked',
    async (text) => {
      const harness = filledHarness();
      expect(recall(harness, text)).toBeUndefined();
      const found = await gather(harness, text);
      expect(found?.facts.image?.state).toBe('known');
      harness.requests();
      expect(recall(harness, text)).toEqual(found);
      expect(harness.requests()).toEqual([]);
    },
  );

  test('a digest that nobody asks about needs no memory', () => {
    const found = recall(filledHarness(), `${place}@${web.digest}`, shop, digestOnly);
    expect(found === undefined ? undefined : pinnedDigest(found)).toBe(web.digest);
  });

  test.each<readonly [string, PullContext | null]>([
    ['another namespace', { ...shop, namespace: 'guest' }],
    ['other pull secrets', { ...shop, pullSecrets: ['other'] }],
    ['no pull secrets', { ...shop, pullSecrets: [] }],
    ['one more pull secret', { ...shop, pullSecrets: ['regcred', 'other'] }],
    ['another service account', { ...shop, serviceAccount: 'default' }],
    ['no service account', { namespace: 'shop', pullSecrets: ['regcred'] }],
    ['a service account by the name of the secret', { namespace: 'shop', pullSecrets: ['web', 'regcred'] }],
    ['no context at all', null],
  ])('B29: is not said to %s', async (_title, other) => {
    const harness = filledHarness();
    await gather(harness, `${place}:v1`);
    expect(recall(harness, `${place}:v1`, other)).toBeUndefined();
    expect(recall(harness, `${place}:v1`)).toBeDefined();
  });

  test('B29: contexts that differ are never taken for one, whatever stands in their names', () => {
    const context = fc.record(
      {
        namespace: fc.string(),
        pullSecrets: fc.array(fc.string(), { maxLength: 3 }),
        serviceAccount: fc.string(),
      },
      { requiredKeys: ['namespace', 'pullSecrets'] },
    );
    fc.assert(
      fc.property(context, context, (one, other) => {
        const same =
          one.namespace === other.namespace &&
          one.serviceAccount === other.serviceAccount &&
          JSON.stringify(one.pullSecrets) === JSON.stringify(other.pullSecrets);
        expect(pullContextKey(one) === pullContextKey(other)).toBe(same);
        expect(pullContextKey(one)).not.toBe(pullContextKey(undefined));
      }),
    );
  });

  test.each<readonly [string, string, ImageNeeds]>([
    ['another tag', `${place}:v2`, allFacts],
    ['a tag that is spelt like the digest', `${place}:${web.digest.slice(7)}`, allFacts],
    ['another repository', `${place}2:v1`, allFacts],
    ['other platforms', `${place}:v1`, { image: imageNeed(['linux/arm64']) }],
    ['the digest alone', `${place}:v1`, digestOnly],
  ])('is no answer about %s', async (_title, text, needs) => {
    const harness = filledHarness();
    await gather(harness, `${place}:v1`);
    await gather(harness, `${place}@${web.digest}`);
    expect(recall(harness, text, shop, needs)).toBeUndefined();
  });

  test('the same platforms are the same, whichever policy lists them', async () => {
    const harness = filledHarness();
    const needs = (): ImageNeeds => ({ image: imageNeed(['linux/amd64', 'linux/arm64']) });
    await gather(harness, `${place}:v1`, shop, needs());
    expect(recall(harness, `${place}:v1`, shop, needs())).toBeDefined();
  });

  test('of several images only those are asked for that are not cached', async () => {
    const harness = filledHarness();
    harness.registry.push(place, newer, 'v2');
    await gather(harness, `${place}:v1`);
    harness.requests();
    const wanted = ['v1', 'v2', 'v1'].map((tag) => ({
      image: reference(`${place}:${tag}`),
      needs: allFacts,
    }));
    expect(harness.evidence.cached?.(wanted, shop)).toBeUndefined();
    const found = await harness.evidence.gather(wanted, shop, within());
    expect(found.map(pinnedDigest)).toEqual([web.digest, newer.digest, web.digest]);
    expect(harness.requests()).toEqual(['GET manifest', 'GET blob']);
    expect(harness.evidence.cached?.(wanted, shop)).toEqual(found);
  });

  test('B1: what is asked about a tag in one review is asked for all of it, so it never has two digests', async () => {
    const harness = filledHarness({ grants: 1 });
    harness.registry.push(place, web, 'v2');
    await gather(harness, `${place}:v1`);
    // The access book is full and has forgotten v1.
    await gather(harness, `${place}:v2`);
    harness.registry.push(place, newer, 'v1');
    const image = reference(`${place}:v1`);
    const wanted = [allFacts, digestOnly, allFacts].map((needs) => ({ image, needs }));
    const found = await harness.evidence.gather(wanted, shop, within());
    expect(new Set(found.map(pinnedDigest)).size).toBe(1);
  });
});

describe('how long it counts', () => {
  test('five seconds, as long as pull secrets: then the keychain is asked again', async () => {
    const harness = filledHarness();
    await gather(harness, `${place}@${web.digest}`);
    harness.clock.pass(4999);
    expect(recall(harness, `${place}@${web.digest}`)).toBeDefined();
    harness.clock.pass(1);
    expect(recall(harness, `${place}@${web.digest}`)).toBeUndefined();
  });

  test('B1: not longer than the tag result that it rests on', async () => {
    const harness = filledHarness();
    await gather(harness, `${place}:v1`);
    harness.clock.pass(4500);
    await gather(harness, `${place}:v1`);
    harness.registry.push(place, newer, 'v1');
    harness.clock.pass(499);
    expect(recall(harness, `${place}:v1`)).toBeDefined();
    harness.clock.pass(2);
    expect(recall(harness, `${place}:v1`)).toBeUndefined();
    expect((await gather(harness, `${place}:v1`))?.facts.image).toMatchObject({
      value: { digest: newer.digest },
    });
  });

  test('not longer than the access grant that it rests on', async () => {
    const harness = filledHarness();
    await gather(harness, `${place}@${web.digest}`);
    harness.clock.pass(59_900);
    await gather(harness, `${place}@${web.digest}`);
    harness.clock.pass(101);
    expect(recall(harness, `${place}@${web.digest}`)).toBeUndefined();
  });

  test('B29: not after a credential was refused anything', async () => {
    const harness = filledHarness();
    await gather(harness, `${place}:v1`);
    harness.registry.answer = () => failure('denied');
    await gather(harness, `${place}:v2`);
    expect(recall(harness, `${place}:v1`)).toBeUndefined();
    expect((await gather(harness, `${place}:v1`))?.facts.image?.state).toBe('unavailable');
  });
});

describe('what is not cached', () => {
  test.each<readonly [string, () => ReturnType<typeof failure> | { readonly state: 'absent' }]>([
    ['that it could not be looked', () => failure('unreachable')],
    ['that it was denied', () => failure('denied')],
    ['that it was not there', () => ({ state: 'absent' })],
  ])('%s', async (_title, answer) => {
    const harness = filledHarness();
    harness.registry.answer = answer;
    expect((await gather(harness, `${place}:v1`))?.facts.image?.state).not.toBe('known');
    expect(recall(harness, `${place}:v1`)).toBeUndefined();
  });

  test('what stood in while the registry was away', async () => {
    const harness = filledHarness();
    await gather(harness, `${place}:v1`);
    harness.clock.pass(10_000);
    harness.registry.answer = () => failure('unreachable');
    expect(await gather(harness, `${place}:v1`)).toMatchObject({ staleFor: 10_000 });
    expect(recall(harness, `${place}:v1`)).toBeUndefined();
  });

  test.each([
    ['how many', { answers: 10 }],
    ['how large', { answerBytes: 30_000 }],
  ])('more than a bound: %s; the oldest goes first', async (_title, limits) => {
    const harness = filledHarness(limits);
    const texts = Array.from({ length: 100 }, (_, n) => `${place}${n}:v1`);
    for (const text of texts) {
      harness.registry.push(text.slice(0, -3), web, 'v1');
      await gather(harness, text);
    }
    const grants = texts.filter((text) => recall(harness, text) !== undefined);
    expect(grants.length).toBeGreaterThan(0);
    expect(grants.length).toBeLessThanOrEqual(15);
    expect(grants).toEqual(texts.slice(-grants.length));
  });

  test('what is larger than all of the memory', async () => {
    const harness = filledHarness({ answerBytes: 100 });
    await gather(harness, `${place}:v1`);
    expect(recall(harness, `${place}:v1`)).toBeUndefined();
  });
});
