import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  createEvidenceHarness,
  digestOnly,
  pinnedDigest,
} from '../../test/fakes/evidence/evidence-harness.ts';
import { anonymous, offer, failure, pullSecret } from '../../test/fakes/evidence/evidence-sources.ts';
import { image } from '../../test/fakes/registry/registry-content.ts';

const web = image({ user: '1000' });
const place = 'registry.example.com/team/web';
const hour = 60 * 60 * 1000;

describe.each(['unreachable', 'timeout'] as const)('while the registry is %s', (kind) => {
  test('a tag stands for what it stood for, and its age is reported', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1');
    const before = await harness.ask(`${place}:v1`);
    harness.registry.answer = () => failure(kind);
    harness.clock.pass(3 * 60_000);
    const found = await harness.ask(`${place}:v1`);
    expect(found).toMatchObject({ pinned: before.pinned, facts: before.facts, staleFor: 3 * 60_000 });
    expect(found.tried.at(-1)).toBe('anonymous: used, as it was 3 min ago');
  });

  test('a digest has no age: manifest and config answer from what is held', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web);
    await harness.ask(`${place}@${web.digest}`);
    harness.registry.answer = () => failure(kind);
    harness.clock.pass(24 * hour);
    const found = await harness.ask(`${place}@${web.digest}`);
    expect(found.facts.image?.state).toBe('known');
    expect(found.staleFor).toBeUndefined();
  });

  test.each([`${place}:v1`, `${place}@${web.digest}`])(
    '%s is not known any more after a day',
    async (text) => {
      const harness = createEvidenceHarness();
      harness.registry.push(place, web, 'v1');
      await harness.ask(text);
      harness.registry.answer = () => failure(kind);
      harness.clock.pass(24 * hour + 1);
      expect((await harness.ask(text)).facts.image?.state).toBe('unavailable');
    },
  );

  test('what was never read is not known', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1', 'v2');
    await harness.ask(`${place}:v1`);
    harness.registry.answer = () => failure(kind);
    expect((await harness.ask(`${place}:v2`)).pinned.state).toBe('unavailable');
  });

  test('facts that are not held are not asked for: one request fails, not one for each part', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1');
    await harness.ask(`${place}:v1`, { needs: digestOnly });
    harness.content.entries.clear();
    harness.registry.answer = () => failure(kind);
    harness.clock.pass(6000);
    harness.requests();
    const found = await harness.ask(`${place}:v1`);
    expect(pinnedDigest(found)).toBe(web.digest);
    expect(found.facts.image).toMatchObject({
      state: 'unavailable',
      why: { why: expect.stringContaining('refused') },
    });
    expect(harness.requests()).toHaveLength(1);
  });

  test('what a later credential of the pod has read stands in as well', async () => {
    const harness = createEvidenceHarness({
      shop: [offer(pullSecret('shop/regcred')), offer(anonymous)],
    });
    harness.registry.push(place, web, 'v1');
    harness.registry.restrict(place, 'anonymous');
    await harness.ask(`${place}:v1`, { namespace: 'shop' });
    harness.registry.answer = () => failure(kind);
    harness.clock.pass(11_000);
    const found = await harness.ask(`${place}:v1`, { namespace: 'shop' });
    expect(found.staleFor).toBe(11_000);
    expect(found.tried).toEqual([
      `pull secret shop/regcred: no answer${kind === 'timeout' ? ' in time' : ''}`,
      ...(kind === 'unreachable' ? ['anonymous: no answer'] : []),
      'anonymous: used, as it was 11 s ago',
    ]);
  });

  test('and back again, the next review asks and nothing is stale', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1');
    await harness.ask(`${place}:v1`);
    harness.registry.answer = () => failure(kind);
    harness.clock.pass(6000);
    await harness.ask(`${place}:v1`);
    harness.registry.answer = () => undefined;
    expect((await harness.ask(`${place}:v1`)).staleFor).toBeUndefined();
  });
});

describe.each(['invalid', 'refused', 'limit', 'denied'] as const)('when the registry is %s', (kind) => {
  test('nothing older stands in: that is no outage', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1');
    await harness.ask(`${place}:v1`);
    harness.registry.answer = () => failure(kind);
    harness.clock.pass(6000);
    expect((await harness.ask(`${place}:v1`)).pinned.state).toBe('unavailable');
  });
});

test('losing evidence never turns into known: whatever fails in whatever order, a known fact was read', async () => {
  const kinds = [
    'denied',
    'unreachable',
    'refused',
    'invalid',
    'limit',
    'timeout',
    'absent',
    'fine',
  ] as const;
  const answers = fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(answers, fc.boolean(), async (told, byDigest) => {
      const harness = createEvidenceHarness({
        shop: [offer(pullSecret('shop/regcred')), offer(anonymous)],
      });
      harness.registry.push(place, web, 'v1');
      let turn = 0;
      let manifests = 0;
      let blobs = 0;
      harness.registry.answer = ({ verb }) => {
        const next = told[turn++ % told.length] ?? 'fine';
        if (next === 'absent') return { state: 'absent' };
        if (next !== 'fine') return failure(next);
        if (verb === 'manifest') manifests++;
        if (verb === 'blob') blobs++;
        return undefined;
      };
      const text = byDigest ? `${place}@${web.digest}` : `${place}:v1`;
      for (let round = 0; round < 4; round++) {
        const found = await harness.ask(text, { namespace: 'shop' });
        if (found.facts.image?.state === 'known') expect(Math.min(manifests, blobs)).toBeGreaterThan(0);
        if (!byDigest && found.pinned.state === 'known') expect(manifests).toBeGreaterThan(0);
        if (found.facts.image?.state === 'known') expect(found.facts.image.value.digest).toBe(web.digest);
        harness.clock.pass(20_000);
      }
    }),
  );
});
