import fc from 'fast-check';
import type { Digest } from '../../core/image/digest.ts';
import { describe, expect, test } from 'vitest';
import {
  createEvidenceHarness,
  pinnedDigest,
  type EvidenceHarness,
} from '../../../test/fakes/evidence/evidence-harness.ts';
import {
  anonymous,
  offer,
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
  shop: [offer(pullSecret('shop/regcred')), offer(anonymous)],
  guest: [offer(anonymous)],
};
const privateHarness = (): EvidenceHarness => {
  const harness = createEvidenceHarness(candidates);
  harness.registry.push(place, secret, 'v1');
  harness.registry.restrict(place, 'key of shop/regcred');
  return harness;
};

const one = 'sha256:1' as Digest;

describe('two namespaces and one secret (B29)', () => {
  const texts = [`${place}:v1`, `${place}@${secret.digest}`, `${place}:other@${secret.digest}`];

  test.each(texts)('B29: %s: who comes second learns nothing that the first has read', async (text) => {
    const harness = privateHarness();
    expect((await harness.ask(text, { namespace: 'shop' })).facts.image?.state).toBe('known');
    const guest = await harness.ask(text, { namespace: 'guest' });
    expect(guest.facts.image?.state).toBe('unavailable');
    expect(JSON.stringify(guest)).not.toContain('classification');
  });

  test.each(texts)('B29: %s: a refusal of the first is not held against the second', async (text) => {
    const harness = privateHarness();
    expect((await harness.ask(text, { namespace: 'guest' })).facts.image?.state).toBe('unavailable');
    expect((await harness.ask(text, { namespace: 'shop' })).facts.image?.state).toBe('known');
    expect((await harness.ask(text, { namespace: 'guest' })).facts.image?.state).toBe('unavailable');
  });

  test('B29: both at the same time get each their own answer', async () => {
    const harness = privateHarness();
    const [shop, guest] = await Promise.all([
      harness.ask(`${place}:v1`, { namespace: 'shop' }),
      harness.ask(`${place}:v1`, { namespace: 'guest' }),
    ]);
    expect([shop.facts.image?.state, guest.facts.image?.state]).toEqual(['known', 'unavailable']);
  });

  test('B29: an outage lends nobody the access of another', async () => {
    const harness = privateHarness();
    await harness.ask(`${place}:v1`, { namespace: 'shop' });
    harness.registry.answer = () => failure('unreachable');
    harness.clock.pass(120_000);
    expect((await harness.ask(`${place}:v1`, { namespace: 'guest' })).facts.image?.state).toBe('unavailable');
    expect((await harness.ask(`${place}:v1`, { namespace: 'shop' })).facts.image?.state).toBe('known');
  });

  test('two namespaces that hold the same secret share what it has read', async () => {
    const same = { ...candidates, second: [offer(pullSecret('second/copy', 'shop/regcred'))] };
    const harness = createEvidenceHarness(same);
    harness.registry.push(place, secret, 'v1');
    await harness.ask(`${place}:v1`, { namespace: 'shop' });
    harness.requests();
    const found = await harness.ask(`${place}:v1`, { namespace: 'second' });
    expect(found.tried).toEqual(['pull secret second/copy: used']);
    expect(harness.requests()).toEqual([]);
  });

  test('content is shared behind the proof: the second who may read it costs one HEAD for a digest', async () => {
    const harness = createEvidenceHarness({ ...candidates, second: [offer(pullSecret('second/own'))] });
    harness.registry.push(place, secret, 'v1');
    await harness.ask(`${place}@${secret.digest}`, { namespace: 'shop' });
    harness.requests();
    expect((await harness.ask(`${place}@${secret.digest}`, { namespace: 'second' })).facts.image?.state).toBe(
      'known',
    );
    expect(harness.requests()).toEqual(['HEAD manifest']);
  });
});

describe('a claim about content that one cannot read', () => {
  const config = secret.config ?? blob('{}', mediaTypes.ociConfig);
  const mine = 'registry.example.com/guest/mine';

  test('a manifest that names the config of a private image does not show that config', async () => {
    const harness = privateHarness();
    await harness.ask(`${place}:v1`, { namespace: 'shop' });
    const stealing = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: describeBlob(config),
      layers: [],
    };
    harness.registry.push(mine, rawManifest(stealing, mediaTypes.ociManifest), 'v1');
    const found = await harness.ask(`${mine}:v1`, { namespace: 'guest' });
    expect(found.facts.image?.state).toBe('unavailable');
    expect(JSON.stringify(found)).not.toContain('classification');
  });

  test('a copy of a private manifest without its config does not show what another has read', async () => {
    const harness = privateHarness();
    await harness.ask(`${place}:v1`, { namespace: 'shop' });
    harness.registry.push(mine, { ...secret, blobs: [] }, 'v1');
    const found = await harness.ask(`${mine}:v1`, { namespace: 'guest' });
    expect(pinnedDigest(found)).toBe(secret.digest);
    expect(found.facts.image?.state).toBe('unavailable');
    expect(JSON.stringify(found)).not.toContain('classification');
  });

  test('an index that names a private image does not show that image', async () => {
    const harness = privateHarness();
    await harness.ask(`${place}:v1`, { namespace: 'shop' });
    harness.registry.push(mine, { ...index([secret]), children: [] }, 'v1');
    const found = await harness.ask(`${mine}:v1`, { namespace: 'guest' });
    expect(found.facts.image?.state).toBe('unavailable');
    expect(JSON.stringify(found)).not.toContain('classification');
  });

  test('a registry that says yes to every HEAD does not show what another has delivered', async () => {
    const harness = privateHarness();
    await harness.ask(`${place}:v1`, { namespace: 'shop' });
    harness.registry.head = () => Promise.resolve({ state: 'known', value: secret.digest });
    const found = await harness.ask(`evil.example.net/x@${secret.digest}`, { namespace: 'guest' });
    expect(found.facts.image?.state).toBe('absent');
  });
});

describe('a right that was taken away', () => {
  test('ends all that the credential could do: nothing older stands in during an outage', async () => {
    const harness = privateHarness();
    await harness.ask(`${place}:v1`, { namespace: 'shop' });
    harness.registry.restrict(place);
    harness.clock.pass(61_000);
    expect((await harness.ask(`${place}:v1`, { namespace: 'shop' })).facts.image?.state).toBe('unavailable');
    harness.registry.answer = () => failure('unreachable');
    harness.clock.pass(11_000);
    expect((await harness.ask(`${place}:v1`, { namespace: 'shop' })).pinned.state).toBe('unavailable');
    expect((await harness.ask(`${place}@${secret.digest}`, { namespace: 'shop' })).facts.image?.state).toBe(
      'unavailable',
    );
  });

  test('a tag that was removed does not come back in an outage', async () => {
    const harness = privateHarness();
    await harness.ask(`${place}:v1`, { namespace: 'shop' });
    harness.registry.remove(place, 'v1');
    harness.clock.pass(6000);
    expect(pinnedDigest(await harness.ask(`${place}:v1`, { namespace: 'shop' }))).toBeUndefined();
    harness.registry.answer = () => failure('unreachable');
    harness.clock.pass(11_000);
    expect((await harness.ask(`${place}:v1`, { namespace: 'shop' })).pinned.state).toBe('unavailable');
  });
});

describe('access grants', () => {
  const account = { repository: { host: 'h', repository: 'r' }, credential: 'k' };

  test('stays bounded whatever is asked, and forgets the oldest first', () => {
    const grants = createAccessGrants({ ...limits, grants: 3 }, createFakeClock());
    for (let n = 0; n < 10; n++) grants.grant(account, { tag: `t${n}` }, `sha256:${n}` as Digest);
    expect(grants.tagged(account, 't6')).toBeUndefined();
    expect(grants.tagged(account, 't9')).toEqual({ digest: 'sha256:9', age: 0 });
    expect(grants.readAgo(account, 'sha256:9' as Digest)).toBe(0);
  });

  test('an account that was forgotten is known nothing of: a denial can not be outlived', () => {
    const grants = createAccessGrants({ ...limits, grants: 2 }, createFakeClock());
    grants.grant(account, { digest: one }, one);
    for (let n = 0; n < 3; n++)
      grants.grant({ ...account, credential: `k${n}` }, { tag: 'x' }, 'sha256:2' as Digest);
    expect(grants.readAgo(account, one)).toBeUndefined();
  });

  test.each(['absent', 'denied'] as const)(
    'B9: names that were %s push nothing out of memory that somebody has read',
    (refusal) => {
      const grants = createAccessGrants({ ...limits, grants: 3 }, createFakeClock());
      grants.grant(account, { tag: 't' }, one);
      for (let n = 0; n < 10; n++) {
        const stranger = { ...account, repository: { host: 'h', repository: `made-up-${n}` } };
        const name = { tag: 'x' };
        expect(grants.tagged(stranger, 'x')).toBeUndefined();
        expect(grants.readAgo(stranger, one)).toBeUndefined();
        expect(grants.denial(stranger, name)?.outcome).toBeUndefined();
        grants.deny(stranger, name, { outcome: refusal });
        expect(grants.denial(stranger, name)?.outcome).toBe(refusal);
      }
      expect(grants.tagged(account, 't')).toEqual({ digest: one, age: 0 });
      expect(grants.readAgo(account, one)).toBe(0);
    },
  );

  test('a refusal ends with the next grant', () => {
    const grants = createAccessGrants(limits, createFakeClock());
    grants.deny(account, { tag: 't' }, { outcome: 'absent' });
    expect(grants.denial(account, { tag: 't' })?.outcome).toBe('absent');
    grants.grant(account, { tag: 't' }, one);
    expect(grants.denial(account, { tag: 't' })?.outcome).toBeUndefined();
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
        const grants = createAccessGrants(limits, createFakeClock());
        const held = new Set<string>();
        for (const { host, repository, credential, name, refusal } of steps) {
          const who = { repository: { host, repository }, credential };
          const key = `${host}/${repository} ${credential}`;
          if (refusal === undefined) {
            grants.grant(who, { tag: name }, one);
            held.add(`${key} ${name}`);
          } else {
            grants.deny(who, { tag: name }, { outcome: refusal });
            const gone = (one: string): boolean =>
              one === `${key} ${name}` || (refusal === 'denied' && one.startsWith(`${key} `));
            for (const one of [...held].filter(gone)) held.delete(one);
          }
          expect(grants.tagged(who, name) !== undefined).toBe(held.has(`${key} ${name}`));
        }
      }),
    );
  });
});
