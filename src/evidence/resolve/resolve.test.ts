import { describe, expect, test } from 'vitest';
import {
  allFacts,
  createEvidenceHarness,
  digestOnly,
  pinnedDigest,
  reference,
} from '../../../test/fakes/evidence/evidence-harness.ts';
import { anonymous, offer, failure, pullSecret } from '../../../test/fakes/evidence/evidence-sources.ts';
import { image } from '../../../test/fakes/registry/registry-content.ts';
import type { CredentialOffer } from '../ports.ts';

const web = image({ user: '1000', labels: { team: 'web' } });
const other = image({ user: '0' });
const place = 'registry.example.com/team/web';
const why = 'secret not found';
const source = 'pull secret shop/regcred';
const missing: CredentialOffer = { state: 'missing', kind: 'pull-secret', source, why };

describe('a tag', () => {
  test('cold costs two requests: the manifest by tag, and the config', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1');
    const found = await harness.ask(`${place}:v1`);
    expect(pinnedDigest(found)).toBe(web.digest);
    expect(found.facts.image).toMatchObject({ value: { digest: web.digest, isIndex: false } });
    expect(found.tried).toEqual(['anonymous: used']);
    expect(found.staleFor).toBeUndefined();
    expect(harness.requests()).toEqual(['GET manifest', 'GET blob']);
  });

  test('that is asked for its digest alone costs one request', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1');
    expect(pinnedDigest(await harness.ask(`${place}:v1`, { needs: digestOnly }))).toBe(web.digest);
    expect(harness.requests()).toEqual(['GET manifest']);
  });

  test('is taken as found for seconds, then costs one HEAD', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1');
    const first = await harness.ask(`${place}:v1`);
    harness.clock.pass(5000);
    harness.requests();
    expect(await harness.ask(`${place}:v1`)).toEqual(first);
    expect(harness.requests()).toEqual([]);
    harness.clock.pass(1);
    expect(await harness.ask(`${place}:v1`)).toEqual(first);
    expect(harness.requests()).toEqual(['HEAD manifest']);
  });

  test('that moved is seen by the HEAD, and the new bytes are read', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1');
    await harness.ask(`${place}:v1`);
    harness.registry.push(place, other, 'v1');
    harness.clock.pass(6000);
    harness.requests();
    const found = await harness.ask(`${place}:v1`);
    expect(pinnedDigest(found)).toBe(other.digest);
    expect(harness.requests()).toEqual(['HEAD manifest', 'GET manifest', 'GET blob']);
  });

  test('that moved back costs the HEAD alone, since this repository has delivered the bytes', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1');
    await harness.ask(`${place}:v1`);
    harness.registry.push(place, other, 'v1');
    harness.clock.pass(6000);
    await harness.ask(`${place}:v1`);
    harness.registry.push(place, web, 'v1');
    harness.clock.pass(6000);
    harness.requests();
    expect(pinnedDigest(await harness.ask(`${place}:v1`))).toBe(web.digest);
    expect(harness.requests()).toEqual(['HEAD manifest']);
  });

  test('left out is latest', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push('docker.io/library/nginx', web, 'latest');
    expect(pinnedDigest(await harness.ask('nginx'))).toBe(web.digest);
    expect(harness.registry.calls[0]?.name).toBe('latest');
  });

  test('beside a digest about which nothing is asked costs nothing', async () => {
    const harness = createEvidenceHarness();
    const found = await harness.ask(`${place}:v1@${web.digest}`, { needs: digestOnly });
    expect(pinnedDigest(found)).toBe(web.digest);
    expect(harness.requests()).toEqual([]);
  });
});

describe('bytes that change between our look and the kubelet\u2019s (B1)', () => {
  test('B1: many texts of one review that mean one tag are one resolution, also when the registry flips', async () => {
    const harness = createEvidenceHarness({}, { tagTime: -1, imagesAtOnce: 1 });
    harness.registry.push(place, web, 'v1');
    let turn = 0;
    harness.registry.answer = ({ verb }) => {
      if (verb === 'manifest') harness.registry.push(place, turn++ % 2 === 0 ? web : other, 'v1');
      return undefined;
    };
    const texts = Array.from({ length: 20 }, () => ({ image: reference(`${place}:v1`), needs: allFacts }));
    const found = await harness.evidence.gather(texts, undefined, AbortSignal.timeout(5000));
    expect(new Set(found.map(pinnedDigest))).toEqual(new Set([web.digest]));
    expect(harness.requests()).toEqual(['GET manifest', 'GET blob']);
  });

  test('B1: a HEAD that names a digest which this repository never delivered proves nothing', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push('registry.example.com/secret/plan', other, 'v1');
    await harness.ask('registry.example.com/secret/plan:v1');
    harness.registry.push(place, web, 'v1');
    await harness.ask(`${place}:v1`);
    harness.registry.hint = ({ place: asked }) => (asked === place ? other.digest : undefined);
    harness.clock.pass(6000);
    const found = await harness.ask(`${place}:v1`);
    expect(pinnedDigest(found)).toBe(web.digest);
  });

  test.each([undefined, 'latest', `sha256:${'0'.repeat(64)}`, 'sha256:../../etc'])(
    'B1: a HEAD that names %s leads to the bytes being read',
    async (hint) => {
      const harness = createEvidenceHarness();
      harness.registry.push(place, web, 'v1');
      await harness.ask(`${place}:v1`);
      harness.registry.hint = () => hint as typeof web.digest | undefined;
      harness.clock.pass(6000);
      harness.requests();
      expect(pinnedDigest(await harness.ask(`${place}:v1`))).toBe(web.digest);
      expect(harness.requests()).toEqual(['HEAD manifest', 'GET manifest']);
    },
  );

  test('a registry that cannot HEAD is asked with GET', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web, 'v1');
    await harness.ask(`${place}:v1`);
    harness.registry.answer = ({ verb }) => (verb === 'head' ? failure('invalid', '405') : undefined);
    harness.clock.pass(6000);
    expect(pinnedDigest(await harness.ask(`${place}:v1`))).toBe(web.digest);
  });
});

describe('a digest in the text (B2)', () => {
  test('B2: decides, and the tag beside it is never asked, wherever it points', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web);
    harness.registry.push(place, other, 'v1');
    const found = await harness.ask(`${place}:v1@${web.digest}`);
    expect(pinnedDigest(found)).toBe(web.digest);
    expect(found.facts.image).toMatchObject({ value: { digest: web.digest, platforms: [{ user: '1000' }] } });
    expect(harness.registry.calls.map(({ name }) => name)).not.toContain('v1');
  });

  test('that is all that is needed costs no request', async () => {
    const harness = createEvidenceHarness();
    const found = await harness.ask(`${place}@${web.digest}`, { needs: digestOnly });
    expect(pinnedDigest(found)).toBe(web.digest);
    expect(harness.requests()).toEqual([]);
  });

  test('is asked again, by HEAD, when the access grant is a minute old', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web);
    await harness.ask(`${place}@${web.digest}`);
    harness.requests();
    harness.clock.pass(60_000);
    await harness.ask(`${place}@${web.digest}`);
    expect(harness.requests()).toEqual([]);
    harness.clock.pass(1);
    expect((await harness.ask(`${place}@${web.digest}`)).facts.image?.state).toBe('known');
    expect(harness.requests()).toEqual(['HEAD manifest']);
  });

  test('for which the registry answers with other bytes is unavailable', async () => {
    const harness = createEvidenceHarness();
    harness.registry.push(place, web);
    harness.registry.manifest = () =>
      Promise.resolve({ state: 'known', value: { digest: other.digest, bytes: other.bytes, mediaType: '' } });
    const found = await harness.ask(`${place}@${web.digest}`);
    expect(pinnedDigest(found)).toBe(web.digest);
    expect(found.facts.image).toMatchObject({
      state: 'unavailable',
      why: { why: expect.stringContaining('another') },
    });
  });

  test('that is not there is absent as an image, and stays the digest of the text', async () => {
    const harness = createEvidenceHarness();
    const found = await harness.ask(`${place}@${web.digest}`);
    expect(found.facts.image).toEqual({ state: 'absent' });
    expect(pinnedDigest(found)).toBe(web.digest);
  });
});

describe('the credentials of a pod', () => {
  const secret = offer(pullSecret('shop/regcred'));
  const second = offer(pullSecret('shop/second'));
  const open = offer(anonymous);
  const isAbsent = failure('denied');

  test('are tried in order until one reads the image', async () => {
    const harness = createEvidenceHarness({ shop: [missing, secret, second, open] });
    harness.registry.push(place, web, 'v1');
    harness.registry.restrict(place, 'key of shop/second');
    const found = await harness.ask(`${place}:v1`, { namespace: 'shop' });
    expect(found.tried).toEqual([
      'pull secret shop/regcred: secret not found',
      'pull secret shop/regcred: denied',
      'pull secret shop/second: used',
    ]);
    expect(found.facts.image?.state).toBe('known');
  });

  test('that are equal are tried once', async () => {
    const harness = createEvidenceHarness({
      shop: [secret, offer(pullSecret('shop/copy', 'shop/regcred')), open],
    });
    harness.registry.push(place, web, 'v1');
    harness.registry.restrict(place);
    const found = await harness.ask(`${place}:v1`, { namespace: 'shop' });
    expect(found.tried).toEqual(['pull secret shop/regcred: denied', 'anonymous: denied']);
    expect(harness.requests()).toEqual(['GET manifest', 'GET manifest']);
  });

  test('that are all denied could not look', async () => {
    const harness = createEvidenceHarness({ shop: [secret, open] });
    harness.registry.push(place, web, 'v1');
    harness.registry.restrict(place);
    const found = await harness.ask(`${place}:v1`, { namespace: 'shop' });
    expect(found.pinned).toMatchObject({
      state: 'unavailable',
      why: {
        what: 'registry.example.com: manifest',
        why: expect.stringMatching(
          /^a login was refused: .*, with pull secret shop\/regcred, after 0 ms$/,
        ) as string,
      },
    });
  });

  test('that have all looked in vain make it absent', async () => {
    const harness = createEvidenceHarness({ shop: [secret, open] });
    const found = await harness.ask(`${place}:v1`, { namespace: 'shop' });
    expect(found.pinned).toEqual({ state: 'absent' });
    expect(found.tried).toEqual(['pull secret shop/regcred: not found', 'anonymous: not found']);
  });

  test('of which one was let in make it absent, though the registry refuses requests without one', async () => {
    const harness = createEvidenceHarness({ shop: [secret, open] });
    harness.registry.answer = ({ credential }) =>
      credential === 'anonymous' ? failure('denied') : { state: 'absent' };
    const found = await harness.ask(`${place}:v1`, { namespace: 'shop' });
    expect(found.pinned).toEqual({ state: 'absent' });
    expect(found.tried).toEqual(['pull secret shop/regcred: not found', 'anonymous: denied']);
    expect((await harness.ask(`${place}:v1`, { namespace: 'shop' })).pinned).toEqual({ state: 'absent' });
  });

  test('make it unavailable when the only one is none, and it is denied', async () => {
    const harness = createEvidenceHarness({ shop: [open] });
    harness.registry.answer = () => failure('denied');
    expect((await harness.ask(`${place}:v1`, { namespace: 'shop' })).pinned.state).toBe('unavailable');
  });

  test.each([
    ['one was denied', [secret, open]],
    ['one could not be had', [missing, open]],
  ])('make it unavailable, not absent, when %s', async (_, credentials) => {
    const harness = createEvidenceHarness({ shop: credentials });
    harness.registry.answer = ({ credential }) =>
      credential === 'anonymous' ? { state: 'absent' } : isAbsent;
    expect((await harness.ask(`${place}:v1`, { namespace: 'shop' })).pinned.state).toBe('unavailable');
  });

  test('beyond eight are not tried, and the answer says so', async () => {
    const many = Array.from({ length: 12 }, (_, n) => offer(pullSecret(`shop/s${n}`)));
    const harness = createEvidenceHarness({ shop: many });
    const found = await harness.ask(`${place}:v1`, { namespace: 'shop' });
    expect(found.pinned.state).toBe('unavailable');
    expect(harness.requests()).toHaveLength(8);
    expect(found.tried.at(-1)).toBe('too many credentials: the rest was not tried');
  });

  test('that are only worth an aside are shown when nothing reaches the image, and not beside what did', async () => {
    const aside = { ...missing, aside: true } as const;
    const reached = createEvidenceHarness({ shop: [aside, open] });
    reached.registry.push(place, web, 'v1');
    expect((await reached.ask(`${place}:v1`, { namespace: 'shop' })).tried).toEqual(['anonymous: used']);
    const refused = createEvidenceHarness({ shop: [aside, open] });
    refused.registry.answer = () => failure('denied');
    expect((await refused.ask(`${place}:v1`, { namespace: 'shop' })).tried).toHaveLength(2);
    const told = createEvidenceHarness({ shop: [missing, open] });
    told.registry.push(place, web, 'v1');
    expect((await told.ask(`${place}:v1`, { namespace: 'shop' })).tried).toHaveLength(2);
  });

  test('beyond eight leave the place of no credential at all: what everybody may pull is still found', async () => {
    const many = Array.from({ length: 12 }, (_, n) => offer(pullSecret(`shop/s${n}`)));
    const harness = createEvidenceHarness({ shop: [...many, open] });
    harness.registry.push(place, web, 'v1');
    harness.registry.answer = ({ credential }) =>
      credential === 'anonymous' ? undefined : failure('denied');
    const found = await harness.ask(`${place}:v1`, { namespace: 'shop' });
    expect(found.pinned.state).toBe('known');
    expect(found.tried.slice(-2)).toEqual([
      'too many credentials: the rest was not tried',
      'anonymous: used',
    ]);
  });

  test('that could not be had do not take the place of those that can', async () => {
    const harness = createEvidenceHarness({ shop: [...Array.from({ length: 12 }, () => missing), open] });
    harness.registry.push(place, web, 'v1');
    expect((await harness.ask(`${place}:v1`, { namespace: 'shop' })).pinned.state).toBe('known');
  });

  test('that could not be had end somewhere, however many a pod names', async () => {
    const harness = createEvidenceHarness({ shop: [...Array.from({ length: 1000 }, () => missing), open] });
    harness.registry.push(place, web, 'v1');
    const found = await harness.ask(`${place}:v1`, { namespace: 'shop' });
    expect(found.pinned.state).toBe('unavailable');
    expect(found.tried.length).toBeLessThan(100);
  });

  test('that there are none of cannot look', async () => {
    const harness = createEvidenceHarness({ shop: [] });
    expect((await harness.ask(`${place}:v1`, { namespace: 'shop' })).pinned.state).toBe('unavailable');
  });

  test.each(['invalid', 'refused', 'limit', 'timeout', 'paced', 'busy'] as const)(
    'are not asked for more after %s, which no other would change',
    async (kind) => {
      const harness = createEvidenceHarness({ shop: [secret, open] });
      harness.registry.push(place, web, 'v1');
      harness.registry.answer = ({ credential }) => (credential === 'anonymous' ? undefined : failure(kind));
      const found = await harness.ask(`${place}:v1`, { namespace: 'shop' });
      expect(found.pinned).toMatchObject({
        state: 'unavailable',
        why: {
          remedy: expect.any(String) as string,
          what: 'registry.example.com: manifest',
          why: 'connection refused, with pull secret shop/regcred, after 0 ms',
          ...(kind === 'limit' ? { final: true } : {}),
        },
      });
      expect(harness.requests()).toHaveLength(1);
    },
  );

  test.each(['invalid', 'refused'] as const)(
    'are asked for more when the token server finds one %s: that says nothing about the next',
    async (kind) => {
      const harness = createEvidenceHarness({ shop: [secret, open] });
      harness.registry.push(place, web, 'v1');
      harness.registry.answer = ({ credential }) =>
        credential === 'anonymous'
          ? undefined
          : { state: 'unavailable', why: { kind, stage: 'token', host: 'auth.example.com', why: 'no' } };
      expect((await harness.ask(`${place}:v1`, { namespace: 'shop' })).pinned.state).toBe('known');
    },
  );

  test('are shown without what a text could do to a terminal', async () => {
    const evil: CredentialOffer = { ...missing, source: 'pull secret shop/\u001b[2J', why: 'not found' };
    const harness = createEvidenceHarness({ shop: [evil] });
    const found = await harness.ask(`${place}:v1`, { namespace: 'shop' });
    expect(JSON.stringify(found)).not.toContain('\\u001b[');
  });
});

describe('a negative answer', () => {
  test.each([
    ['absent', undefined],
    ['denied', failure('denied')],
  ] as const)('%s is believed for seconds', async (_, told) => {
    const harness = createEvidenceHarness();
    harness.registry.answer = () => told;
    await harness.ask(`${place}:v1`);
    harness.registry.answer = () => undefined;
    harness.registry.push(place, web, 'v1');
    harness.clock.pass(10_000);
    expect((await harness.ask(`${place}:v1`)).pinned.state).not.toBe('known');
    harness.clock.pass(1);
    expect((await harness.ask(`${place}:v1`)).pinned.state).toBe('known');
  });

  test.each(['unreachable', 'timeout', 'invalid', 'limit', 'refused'] as const)(
    '%s is never remembered: the next review asks again',
    async (kind) => {
      const harness = createEvidenceHarness();
      harness.registry.push(place, web, 'v1');
      harness.registry.answer = () => failure(kind);
      expect((await harness.ask(`${place}:v1`)).pinned.state).toBe('unavailable');
      harness.registry.answer = () => undefined;
      expect((await harness.ask(`${place}:v1`)).pinned.state).toBe('known');
    },
  );
});
