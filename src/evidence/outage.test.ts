import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createEvidenceRoom, digestOnly, pinnedDigest } from '../../test/fakes/evidence/evidence-room.ts';
import { anonymous, atHand, failure, pullSecret } from '../../test/fakes/evidence/evidence-sources.ts';
import { image } from '../../test/fakes/registry/registry-content.ts';

const web = image({ user: '1000' });
const place = 'registry.example.com/team/web';
const hour = 60 * 60 * 1000;

describe.each(['unreachable', 'timeout'] as const)('while the registry is %s', (kind) => {
  test('a tag stands for what it stood for, and its age is told', async () => {
    const room = createEvidenceRoom();
    room.registry.push(place, web, 'v1');
    const before = await room.ask(`${place}:v1`);
    room.registry.answer = () => failure(kind);
    room.clock.pass(3 * 60_000);
    const found = await room.ask(`${place}:v1`);
    expect(found).toMatchObject({ pinned: before.pinned, facts: before.facts, staleFor: 3 * 60_000 });
    expect(found.tried.at(-1)).toBe('anonymous: used, as it was 3 min ago');
  });

  test('a digest has no age: manifest and config answer from what is held', async () => {
    const room = createEvidenceRoom();
    room.registry.push(place, web);
    await room.ask(`${place}@${web.digest}`);
    room.registry.answer = () => failure(kind);
    room.clock.pass(24 * hour);
    const found = await room.ask(`${place}@${web.digest}`);
    expect(found.facts.image?.state).toBe('known');
    expect(found.staleFor).toBeUndefined();
  });

  test.each([`${place}:v1`, `${place}@${web.digest}`])(
    '%s is not known any more after a day',
    async (text) => {
      const room = createEvidenceRoom();
      room.registry.push(place, web, 'v1');
      await room.ask(text);
      room.registry.answer = () => failure(kind);
      room.clock.pass(24 * hour + 1);
      expect((await room.ask(text)).facts.image?.state).toBe('unavailable');
    },
  );

  test('what was never read is not known', async () => {
    const room = createEvidenceRoom();
    room.registry.push(place, web, 'v1', 'v2');
    await room.ask(`${place}:v1`);
    room.registry.answer = () => failure(kind);
    expect((await room.ask(`${place}:v2`)).pinned.state).toBe('unavailable');
  });

  test('facts that are not held are not asked for: one request fails, not one for each part', async () => {
    const room = createEvidenceRoom();
    room.registry.push(place, web, 'v1');
    await room.ask(`${place}:v1`, { needs: digestOnly });
    room.content.entries.clear();
    room.registry.answer = () => failure(kind);
    room.clock.pass(6000);
    room.requests();
    const found = await room.ask(`${place}:v1`);
    expect(pinnedDigest(found)).toBe(web.digest);
    expect(found.facts.image).toMatchObject({
      state: 'unavailable',
      why: { why: expect.stringContaining('refused') },
    });
    expect(room.requests()).toHaveLength(1);
  });

  test('what a later credential of the pod has read stands in as well', async () => {
    const room = createEvidenceRoom({ shop: [atHand(pullSecret('shop/regcred')), atHand(anonymous)] });
    room.registry.push(place, web, 'v1');
    room.registry.restrict(place, 'anonymous');
    await room.ask(`${place}:v1`, { namespace: 'shop' });
    room.registry.answer = () => failure(kind);
    room.clock.pass(11_000);
    const found = await room.ask(`${place}:v1`, { namespace: 'shop' });
    expect(found.staleFor).toBe(11_000);
    expect(found.tried).toEqual([
      `pull secret shop/regcred: no answer${kind === 'timeout' ? ' in time' : ''}`,
      ...(kind === 'unreachable' ? ['anonymous: no answer'] : []),
      'anonymous: used, as it was 11 s ago',
    ]);
  });

  test('and back again, the next review asks and nothing is stale', async () => {
    const room = createEvidenceRoom();
    room.registry.push(place, web, 'v1');
    await room.ask(`${place}:v1`);
    room.registry.answer = () => failure(kind);
    room.clock.pass(6000);
    await room.ask(`${place}:v1`);
    room.registry.answer = () => undefined;
    expect((await room.ask(`${place}:v1`)).staleFor).toBeUndefined();
  });
});

describe.each(['invalid', 'refused', 'limit', 'denied'] as const)('when the registry is %s', (kind) => {
  test('nothing older stands in: that is no outage', async () => {
    const room = createEvidenceRoom();
    room.registry.push(place, web, 'v1');
    await room.ask(`${place}:v1`);
    room.registry.answer = () => failure(kind);
    room.clock.pass(6000);
    expect((await room.ask(`${place}:v1`)).pinned.state).toBe('unavailable');
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
      const room = createEvidenceRoom({ shop: [atHand(pullSecret('shop/regcred')), atHand(anonymous)] });
      room.registry.push(place, web, 'v1');
      let turn = 0;
      let manifests = 0;
      let blobs = 0;
      room.registry.answer = ({ verb }) => {
        const next = told[turn++ % told.length] ?? 'fine';
        if (next === 'absent') return { state: 'absent' };
        if (next !== 'fine') return failure(next);
        if (verb === 'manifest') manifests++;
        if (verb === 'blob') blobs++;
        return undefined;
      };
      const text = byDigest ? `${place}@${web.digest}` : `${place}:v1`;
      for (let round = 0; round < 4; round++) {
        const found = await room.ask(text, { namespace: 'shop' });
        if (found.facts.image?.state === 'known') expect(Math.min(manifests, blobs)).toBeGreaterThan(0);
        if (!byDigest && found.pinned.state === 'known') expect(manifests).toBeGreaterThan(0);
        if (found.facts.image?.state === 'known') expect(found.facts.image.value.digest).toBe(web.digest);
        room.clock.pass(20_000);
      }
    }),
  );
});
