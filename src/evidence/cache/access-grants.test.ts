import fc from 'fast-check';
import type { Digest } from '../../core/image/digest.ts';
import { describe, expect, test } from 'vitest';
import {
  createEvidenceRoom,
  pinnedDigest,
  type EvidenceRoom,
} from '../../../test/fakes/evidence/evidence-room.ts';
import {
  anonymous,
  atHand,
  createFakeClock,
  failure,
  pullSecret,
} from '../../../test/fakes/evidence/evidence-sources.ts';
import {
  blob,
  describeBlob,
  image,
  index,
  mediaTypes,
  rawManifest,
} from '../../../test/fakes/registry/registry-content.ts';
import { createAccessGrants } from './access-grants.ts';
import { defaultEvidenceLimits as limits } from '../limits.ts';

const place = 'registry.example.com/shop/private';
const secret = image({ labels: { classification: 'secret' } });
const candidates = {
  shop: [atHand(pullSecret('shop/regcred')), atHand(anonymous)],
  guest: [atHand(anonymous)],
};
const privateRoom = (): EvidenceRoom => {
  const room = createEvidenceRoom(candidates);
  room.registry.push(place, secret, 'v1');
  room.registry.restrict(place, 'key of shop/regcred');
  return room;
};

const one = 'sha256:1' as Digest;

describe('two namespaces and one secret (B29)', () => {
  const texts = [`${place}:v1`, `${place}@${secret.digest}`, `${place}:other@${secret.digest}`];

  test.each(texts)('B29: %s: who comes second learns nothing that the first has read', async (text) => {
    const room = privateRoom();
    expect((await room.ask(text, { namespace: 'shop' })).facts.image?.state).toBe('known');
    const guest = await room.ask(text, { namespace: 'guest' });
    expect(guest.facts.image?.state).toBe('unavailable');
    expect(JSON.stringify(guest)).not.toContain('classification');
  });

  test.each(texts)('B29: %s: a refusal of the first is not held against the second', async (text) => {
    const room = privateRoom();
    expect((await room.ask(text, { namespace: 'guest' })).facts.image?.state).toBe('unavailable');
    expect((await room.ask(text, { namespace: 'shop' })).facts.image?.state).toBe('known');
    expect((await room.ask(text, { namespace: 'guest' })).facts.image?.state).toBe('unavailable');
  });

  test('B29: both at the same time get each their own answer', async () => {
    const room = privateRoom();
    const [shop, guest] = await Promise.all([
      room.ask(`${place}:v1`, { namespace: 'shop' }),
      room.ask(`${place}:v1`, { namespace: 'guest' }),
    ]);
    expect([shop.facts.image?.state, guest.facts.image?.state]).toEqual(['known', 'unavailable']);
  });

  test('B29: an outage lends nobody the access of another', async () => {
    const room = privateRoom();
    await room.ask(`${place}:v1`, { namespace: 'shop' });
    room.registry.answer = () => failure('unreachable');
    room.clock.pass(120_000);
    expect((await room.ask(`${place}:v1`, { namespace: 'guest' })).facts.image?.state).toBe('unavailable');
    expect((await room.ask(`${place}:v1`, { namespace: 'shop' })).facts.image?.state).toBe('known');
  });

  test('two namespaces that hold the same secret share what it has read', async () => {
    const same = { ...candidates, second: [atHand(pullSecret('second/copy', 'shop/regcred'))] };
    const room = createEvidenceRoom(same);
    room.registry.push(place, secret, 'v1');
    await room.ask(`${place}:v1`, { namespace: 'shop' });
    room.requests();
    const found = await room.ask(`${place}:v1`, { namespace: 'second' });
    expect(found.tried).toEqual(['pull secret second/copy: used']);
    expect(room.requests()).toEqual([]);
  });

  test('content is shared behind the proof: the second who may read it costs one HEAD for a digest', async () => {
    const room = createEvidenceRoom({ ...candidates, second: [atHand(pullSecret('second/own'))] });
    room.registry.push(place, secret, 'v1');
    await room.ask(`${place}@${secret.digest}`, { namespace: 'shop' });
    room.requests();
    expect((await room.ask(`${place}@${secret.digest}`, { namespace: 'second' })).facts.image?.state).toBe(
      'known',
    );
    expect(room.requests()).toEqual(['HEAD manifest']);
  });
});

describe('a claim about content that one cannot read', () => {
  const config = secret.config ?? blob('{}', mediaTypes.ociConfig);
  const mine = 'registry.example.com/guest/mine';

  test('a manifest that names the config of a private image does not show that config', async () => {
    const room = privateRoom();
    await room.ask(`${place}:v1`, { namespace: 'shop' });
    const stealing = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: describeBlob(config),
      layers: [],
    };
    room.registry.push(mine, rawManifest(stealing, mediaTypes.ociManifest), 'v1');
    const found = await room.ask(`${mine}:v1`, { namespace: 'guest' });
    expect(found.facts.image?.state).toBe('unavailable');
    expect(JSON.stringify(found)).not.toContain('classification');
  });

  test('a copy of a private manifest without its config does not show what another has read', async () => {
    const room = privateRoom();
    await room.ask(`${place}:v1`, { namespace: 'shop' });
    room.registry.push(mine, { ...secret, blobs: [] }, 'v1');
    const found = await room.ask(`${mine}:v1`, { namespace: 'guest' });
    expect(pinnedDigest(found)).toBe(secret.digest);
    expect(found.facts.image?.state).toBe('unavailable');
    expect(JSON.stringify(found)).not.toContain('classification');
  });

  test('an index that names a private image does not show that image', async () => {
    const room = privateRoom();
    await room.ask(`${place}:v1`, { namespace: 'shop' });
    room.registry.push(mine, { ...index([secret]), children: [] }, 'v1');
    const found = await room.ask(`${mine}:v1`, { namespace: 'guest' });
    expect(found.facts.image?.state).toBe('unavailable');
    expect(JSON.stringify(found)).not.toContain('classification');
  });

  test('a registry that says yes to every HEAD does not show what another has delivered', async () => {
    const room = privateRoom();
    await room.ask(`${place}:v1`, { namespace: 'shop' });
    room.registry.head = () => Promise.resolve({ state: 'known', value: secret.digest });
    const found = await room.ask(`evil.example.net/x@${secret.digest}`, { namespace: 'guest' });
    expect(found.facts.image?.state).toBe('absent');
  });
});

describe('a right that was taken away', () => {
  test('ends all that the credential could do: nothing older stands in during an outage', async () => {
    const room = privateRoom();
    await room.ask(`${place}:v1`, { namespace: 'shop' });
    room.registry.restrict(place);
    room.clock.pass(61_000);
    expect((await room.ask(`${place}:v1`, { namespace: 'shop' })).facts.image?.state).toBe('unavailable');
    room.registry.answer = () => failure('unreachable');
    room.clock.pass(11_000);
    expect((await room.ask(`${place}:v1`, { namespace: 'shop' })).pinned.state).toBe('unavailable');
    expect((await room.ask(`${place}@${secret.digest}`, { namespace: 'shop' })).facts.image?.state).toBe(
      'unavailable',
    );
  });

  test('a tag that was removed does not come back in an outage', async () => {
    const room = privateRoom();
    await room.ask(`${place}:v1`, { namespace: 'shop' });
    room.registry.remove(place, 'v1');
    room.clock.pass(6000);
    expect(pinnedDigest(await room.ask(`${place}:v1`, { namespace: 'shop' }))).toBeUndefined();
    room.registry.answer = () => failure('unreachable');
    room.clock.pass(11_000);
    expect((await room.ask(`${place}:v1`, { namespace: 'shop' })).pinned.state).toBe('unavailable');
  });
});

describe('the book of accesses', () => {
  const account = { repository: { host: 'h', repository: 'r' }, credential: 'k' };

  test('stays bounded whatever is asked, and forgets the oldest first', () => {
    const book = createAccessGrants({ ...limits, grants: 3 }, createFakeClock());
    for (let n = 0; n < 10; n++) book.grant(account, { tag: `t${n}` }, `sha256:${n}` as Digest);
    expect(book.tagged(account, 't6')).toBeUndefined();
    expect(book.tagged(account, 't9')).toEqual({ digest: 'sha256:9', age: 0 });
    expect(book.readAgo(account, 'sha256:9' as Digest)).toBe(0);
  });

  test('an account that was forgotten is known nothing of: a denial can not be outlived', () => {
    const book = createAccessGrants({ ...limits, grants: 2 }, createFakeClock());
    book.grant(account, { digest: one }, one);
    for (let n = 0; n < 3; n++)
      book.grant({ ...account, credential: `k${n}` }, { tag: 'x' }, 'sha256:2' as Digest);
    expect(book.readAgo(account, one)).toBeUndefined();
  });

  test.each(['absent', 'denied'] as const)(
    'B9: names that were %s push nothing out of memory that somebody has read',
    (refusal) => {
      const book = createAccessGrants({ ...limits, grants: 3 }, createFakeClock());
      book.grant(account, { tag: 't' }, one);
      for (let n = 0; n < 10; n++) {
        const stranger = { ...account, repository: { host: 'h', repository: `made-up-${n}` } };
        const name = { tag: 'x' };
        expect(book.tagged(stranger, 'x')).toBeUndefined();
        expect(book.readAgo(stranger, one)).toBeUndefined();
        expect(book.denial(stranger, name)?.outcome).toBeUndefined();
        book.deny(stranger, name, { outcome: refusal });
        expect(book.denial(stranger, name)?.outcome).toBe(refusal);
      }
      expect(book.tagged(account, 't')).toEqual({ digest: one, age: 0 });
      expect(book.readAgo(account, one)).toBe(0);
    },
  );

  test('a refusal ends with the next grant', () => {
    const book = createAccessGrants(limits, createFakeClock());
    book.deny(account, { tag: 't' }, { outcome: 'absent' });
    expect(book.denial(account, { tag: 't' })?.outcome).toBe('absent');
    book.grant(account, { tag: 't' }, one);
    expect(book.denial(account, { tag: 't' })?.outcome).toBeUndefined();
  });

  test('no sequence of grants to others ever gives an account an access', () => {
    const step = fc.record({
      host: fc.constantFrom('a', 'a/b', 'b'),
      repository: fc.constantFrom('r', 'b/r', 'r/s'),
      credential: fc.constantFrom('k', 'k2', ''),
      name: fc.constantFrom('t', 'u'),
      refusal: fc.constantFrom(undefined, 'absent' as const, 'denied' as const),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const book = createAccessGrants(limits, createFakeClock());
        const held = new Set<string>();
        for (const { host, repository, credential, name, refusal } of steps) {
          const who = { repository: { host, repository }, credential };
          const key = `${host}/${repository} ${credential}`;
          if (refusal === undefined) {
            book.grant(who, { tag: name }, one);
            held.add(`${key} ${name}`);
          } else {
            book.deny(who, { tag: name }, { outcome: refusal });
            const gone = (one: string): boolean =>
              one === `${key} ${name}` || (refusal === 'denied' && one.startsWith(`${key} `));
            for (const one of [...held].filter(gone)) held.delete(one);
          }
          expect(book.tagged(who, name) !== undefined).toBe(held.has(`${key} ${name}`));
        }
      }),
    );
  });
});
