import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pod } from '../fakes/gate.ts';
import {
  blob,
  describeBlob,
  image,
  index,
  mediaTypes,
  rawManifest,
  type FakeManifest,
} from '../fakes/registry/registry-content.ts';
import { flipping, lyingDigest, status, withBody } from '../fakes/registry/registry-faults.ts';
import { silence } from '../fakes/registry/registry-wire-faults.ts';
import type { FakeRegistry } from '../fakes/registry/registry.ts';
import {
  closeAll,
  codesOf,
  firstImage,
  nonRoot,
  open,
  rowOf,
  startRegistry,
  type Stage,
} from './evidence-stage.ts';

const good = image({ user: '1000' });
const bad = image({ user: '0', labels: { quality: 'bad' } });

let registry: FakeRegistry;
let place: string;
let stage: Stage;
beforeEach(async () => {
  registry = await startRegistry();
  place = `${registry.host}/team/app`;
  registry.push('team/app', good, 'v1');
  registry.push('team/app', bad, 'bad');
  stage = open({ policies: { 'non-root': nonRoot }, rows: [rowOf(registry)] });
});
afterEach(closeAll);
const move = (to: FakeManifest): void => void registry.push('team/app', to, 'v1');

describe('B1: a tag that moves', () => {
  test('between /mutate and /validate changes nothing: the digest of the first look is judged and stored', async () => {
    const toBad = await stage.send(pod({ app: `${place}:v1` }), {}, () => move(bad));
    expect(toBad.decision.allowed).toBe(true);
    expect(firstImage(toBad.stored)).toBe(`${place}:v1@${good.digest}`);
    stage.advance(10_000);
    const toGood = await stage.send(pod({ app: `${place}:v1` }), {}, () => move(good));
    expect(codesOf(toGood.decision)).toEqual(['image-user-root']);
    expect(firstImage(toGood.stored)).toBe(`${place}:v1@${bad.digest}`);
  });

  test('with every answer lets no digest in but the good one', async () => {
    registry.fault({ path: '/manifests/v1' }, flipping(bad, good));
    for (let round = 0; round < 8; round++) {
      const { decision, stored } = await stage.send(pod({ a: `${place}:v1`, b: `${place}:v1` }));
      const pinned = new Set(JSON.stringify(stored).match(/sha256:[0-9a-f]{64}/g));
      expect(pinned.size).toBe(1);
      expect(decision.allowed).toBe(pinned.has(good.digest));
      stage.advance(6000);
    }
  });

  test('is not judged by the digest that a HEAD names, but by bytes', async () => {
    await stage.send(pod({ app: `${place}:v1` }));
    move(bad);
    registry.fault({ path: '/manifests/v1', method: 'HEAD' }, lyingDigest(good.digest));
    stage.advance(6000);
    const { decision, stored } = await stage.send(pod({ app: `${place}:v1` }));
    // The registry says what its tag is; what counts is that the one it says is the one that is stored.
    expect(firstImage(stored)).toBe(`${place}:v1@${good.digest}`);
    expect(decision.allowed).toBe(true);
  });

  test('just before its registry falls silent is refused, unless the policy takes old results', async () => {
    const patient = open({ policies: { p: { ...nonRoot, staleFor: '1h' } }, rows: [rowOf(registry)] });
    for (const one of [stage, patient]) await one.send(pod({ app: `${place}:v1` }));
    move(bad);
    registry.fault({}, status(503));
    for (const one of [stage, patient]) one.advance(60_000);
    const strict = await stage.send(pod({ app: `${place}:v1` }));
    expect(strict.mutation.patch).toEqual([]);
    expect(strict.decision.allowed).toBe(false);
    const old = await patient.send(pod({ app: `${place}:v1` }));
    expect(firstImage(old.stored)).toBe(`${place}:v1@${good.digest}`);
    expect(old.mutation.warnings.join()).toContain('could not be asked');
    patient.advance(3_600_000);
    expect((await patient.send(pod({ app: `${place}:v1` }))).decision.allowed).toBe(false);
  });
});

describe('B2: a digest in the text', () => {
  test('decides, wherever the tag beside it points', async () => {
    const { decision } = await stage.send(pod({ app: `${place}:v1@${bad.digest}` }));
    expect(codesOf(decision)).toEqual(['image-user-root']);
    expect(registry.requests.filter(({ reference }) => reference === 'v1')).toEqual([]);
  });

  test.each<[string, (digest: string) => string]>([
    ['in capitals', (digest) => digest.toUpperCase()],
    ['with capital digits', (digest) => `sha256:${digest.slice(7).toUpperCase()}`],
    ['that is too short', (digest) => digest.slice(0, -1)],
    ['that is too long', (digest) => `${digest}0`],
    ['of an algorithm that is no more', (digest) => digest.replace('sha256', 'md5')],
    ['with another one behind it', (digest) => `${digest}@${digest}`],
    ['with a tag behind it', (digest) => `${digest}:v1`],
    ['with a blank behind it', (digest) => `${digest} `],
    ['with a line break behind it', (digest) => `${digest}\n`],
    ['with a null behind it', (digest) => `${digest}\u0000`],
  ])('%s is no reference, and nobody is asked', async (_title, spell) => {
    const { decision, mutation } = await stage.send(pod({ app: `${place}@${spell(good.digest)}` }));
    expect(codesOf(decision)).toEqual(['invalid-reference']);
    expect(mutation.patch).toEqual([]);
    expect(registry.requests).toEqual([]);
  });

  test('of sha512 is read by sha512: other bytes under it are a lie', async () => {
    const digest = `sha512:${createHash('sha512').update(good.bytes).digest('hex')}`;
    const disarm = registry.fault({ path: `/manifests/${digest}` }, ({ send }) =>
      send({ status: 200, headers: { 'content-type': bad.mediaType }, body: bad.bytes }),
    );
    const lied = await stage.send(pod({ app: `${place}@${digest}` }));
    expect(codesOf(lied.decision)).toEqual(['image-unavailable']);
    disarm();
    registry.fault({ path: `/manifests/${digest}` }, ({ send }) =>
      send({ status: 200, headers: { 'content-type': good.mediaType }, body: good.bytes }),
    );
    expect((await stage.send(pod({ app: `${place}@${digest}` }))).decision.allowed).toBe(true);
  });
});

describe('an image that is root and says it in an odd way', () => {
  const withConfig = (config: string | Uint8Array): FakeManifest => {
    const made = blob(config, mediaTypes.ociConfig);
    const manifest = {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: describeBlob(made),
      layers: [],
    };
    return rawManifest(manifest, mediaTypes.ociManifest, { blobs: [made], config: made });
  };
  const linux = '"os":"linux","architecture":"amd64"';
  test.each<[string, FakeManifest]>([
    ...[
      '0',
      '0:0',
      '00',
      '+0',
      '-0',
      ' 0',
      '0 ',
      ' root',
      'root:root',
      ':1000',
      '',
      ' ',
      '4294967296',
      '2147483648',
    ].map((user): [string, FakeManifest] => [`user ${JSON.stringify(user)}`, image({ user })]),
    ['no user', image()],
    ['no config in the config', withConfig(`{${linux}}`)],
    ['a null as config', withConfig(`{${linux},"config":null}`)],
    ['a null as user', withConfig(`{${linux},"config":{"User":null}}`)],
    ['a number as user', withConfig(`{${linux},"config":{"User":1000}}`)],
    ['a second user in lower case', withConfig(`{${linux},"config":{"User":"1000","user":"0"}}`)],
    ['a second user with a long s', withConfig(`{${linux},"config":{"User":"1000","U\u017fer":"0"}}`)],
    ['two users', withConfig(`{${linux},"config":{"User":"0","User":"1000"}}`)],
    ['an escaped second user', withConfig(`{${linux},"config":{"User":"0","\\u0055ser":"1000"}}`)],
    ['a second config', withConfig(`{${linux},"config":{"User":"0"},"Config":{"User":"1000"}}`)],
    ['a config behind the config', withConfig(`{${linux},"config":{"User":"1000"}}{"config":{"User":"0"}}`)],
    ['a byte order mark', withConfig(`\ufeff{${linux},"config":{"User":"1000"}}`)],
    ['a config that is too large', image({ user: '0', labels: { x: 'y'.repeat(1 << 20) } })],
    [
      'more labels than are read',
      image({ user: '0', labels: Object.fromEntries(Array.from({ length: 1001 }, (_, n) => [`l${n}`, ''])) }),
    ],
    ['an index in an index in an index', index([index([index([image({ user: '0' })])])])],
    ['an index with a child that is not there', { ...index([image({ user: '0' })]), children: [] }],
    ['Latin-1', withConfig(Buffer.from(`{${linux},"config":{"User":"m\u00fcller"}}`, 'latin1'))],
    ['an index that holds nothing', index([])],
    [
      'an index of attachments',
      index([image({ user: '0', platform: { os: 'unknown', architecture: 'unknown' } })]),
    ],
    ['one bad child', index([good, image({ user: '0', platform: { os: 'linux', architecture: 'arm64' } })])],
    [
      'an index that is also an image',
      rawManifest({ ...(JSON.parse(good.bytes.toString()) as object), manifests: [] }, good.mediaType, good),
    ],
    [
      'an index that calls itself an image',
      rawManifest(
        { schemaVersion: 2, mediaType: mediaTypes.ociManifest, manifests: [good.descriptor] },
        mediaTypes.ociManifest,
        { children: [good] },
      ),
    ],
    [
      'schema 1',
      rawManifest(
        { schemaVersion: 1, fsLayers: [], history: [] },
        'application/vnd.docker.distribution.manifest.v1+prettyjws',
      ),
    ],
    [
      'schema 1 inside of schema 2',
      rawManifest(
        { ...(JSON.parse(good.bytes.toString()) as object), fsLayers: [], history: [] },
        good.mediaType,
        good,
      ),
    ],
    [
      'another config in capitals',
      rawManifest(
        {
          ...(JSON.parse(good.bytes.toString()) as object),
          CONFIG: describeBlob(bad.config ?? blob('', '')),
        },
        good.mediaType,
        good,
      ),
    ],
  ])('is refused: %s', async (_title, manifest) => {
    registry.push('team/app', manifest, 'odd');
    // Whoever pushes must not decide that nobody can look.
    const kind = open({
      policies: { kind: { checks: [{ image: { user: 'NonRoot' } }], onUnavailable: 'Warn' } },
      rows: [rowOf(registry)],
    });
    for (const text of [`${place}:odd`, `${place}@${manifest.digest}`]) {
      for (const one of [stage, kind]) {
        const { decision } = await one.send(pod({ app: text }));
        expect([text, decision.allowed]).toEqual([text, false]);
      }
    }
    expect(stage.gate.bugs).toEqual([]);
  });

  test('under other bytes of the same name is refused: every byte is hashed', async () => {
    registry.push('team/app', bad);
    registry.fault({ path: '/blobs/' }, withBody(good.config?.bytes ?? ''));
    expect((await stage.send(pod({ app: `${place}@${bad.digest}` }))).decision.allowed).toBe(false);
    registry.fault({ path: '/manifests/' }, withBody(good.bytes));
    expect((await stage.send(pod({ app: `${place}@${bad.digest}` }))).decision.allowed).toBe(false);
  });

  test('R25: and an outage are two things: `onUnavailable: Warn` is for the second', async () => {
    const checks = [{ image: { user: 'NonRoot' } }];
    const kind = open({ policies: { kind: { checks, onUnavailable: 'Warn' } }, rows: [rowOf(registry)] });
    const others = [status(403), status(408), status(429), withBody('<html>log in here</html>')];
    for (const fault of [status(500), status(502), ...others]) {
      const disarm = registry.fault({}, fault);
      const { decision } = await kind.send(pod({ app: `${place}:bad` }));
      expect([codesOf(decision), decision.allowed]).toEqual([['image-unavailable'], !others.includes(fault)]);
      disarm();
      kind.advance(60_000);
    }
  });

  test('behind images of a silent registry is looked at nevertheless: nobody makes an outage of another', async () => {
    const slow = await startRegistry();
    slow.fault({}, silence());
    const checks = [{ image: { user: 'NonRoot' } }];
    const rows = [rowOf(registry), rowOf(slow)];
    const kind = open({ policies: { kind: { checks, onUnavailable: 'Warn' } }, rows, budget: 1000 });
    const silent = Array.from({ length: 20 }, (_, n) => [`s${n}`, `${slow.host}/x/y${n}:1`]);
    const images = Object.fromEntries([...silent, ['app', `${place}:bad`]]) as Record<string, string>;
    const { decision } = await kind.send(pod(images));
    expect(codesOf(decision)).toContain('image-user-root');
    expect(decision.allowed).toBe(false);
  });

  test('with a registry that cannot be read is never let in unpinned, not even by `onUnavailable: Warn`', async () => {
    const kind = open({ policies: { p: { ...nonRoot, onUnavailable: 'Warn' } }, rows: [rowOf(registry)] });
    registry.fault({}, status(500));
    expect(codesOf((await kind.send(pod({ app: `${place}:bad` }))).decision)).toContain('digest-missing');
    expect((await kind.send(pod({ app: `${place}:bad` }))).decision.allowed).toBe(false);
  });
});

describe('B22: a Pod that is written to confuse /mutate', () => {
  const at = (text: string) => ({ name: 'a', image: text });
  test.each<[string, unknown]>([
    ['containers of one name', { containers: [at('V1'), at('BAD')] }],
    ['a null among the containers', { containers: [null, at('BAD')] }],
    ['a container without a name', { containers: [{ image: 'BAD' }] }],
    ['a name with JSON pointer signs', { containers: [{ name: '../~1/0', image: 'BAD' }] }],
    ['an image with a blank before it', { containers: [at(' BAD')] }],
    ['an image with a line break behind it', { containers: [at('BAD\n')] }],
    ['an image that is a number', { containers: [{ name: 'a', image: 7 }] }],
    ['an image that is an object', { containers: [{ name: 'a', image: { toString: 'V1' } }] }],
    ['containers that are an object', { containers: { 0: at('BAD') } }],
    ['an init container', { containers: [at('V1')], initContainers: [{ name: 'i', image: 'BAD' }] }],
    [
      'an ephemeral container',
      { containers: [at('V1')], ephemeralContainers: [{ name: 'e', image: 'BAD' }] },
    ],
    [
      'a volume of its name',
      { containers: [at('BAD')], volumes: [{ name: 'a', image: { reference: 'BAD' } }] },
    ],
  ])('%s does not bring the bad image in', async (_title, spec) => {
    const text = JSON.stringify(spec).replaceAll('V1', `${place}:v1`).replaceAll('BAD', `${place}:bad`);
    const object = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: JSON.parse(text) as never,
    };
    const { decision } = await stage.send(object);
    expect(decision.allowed).toBe(false);
    expect(stage.gate.bugs).toEqual([]);
  });

  test.each([
    ['an image volume', 'v'],
    ['a volume of the name of a container', 'a'],
  ])('%s is judged by all that data has, which is no user', async (_title, name) => {
    const object = {
      ...pod({ a: `${place}:v1` }),
      spec: { containers: [at(`${place}:v1`)], volumes: [{ name, image: { reference: `${place}:bad` } }] },
    };
    expect((await stage.send(object)).decision.allowed).toBe(true);
    const checks = [
      { digest: { pin: true } },
      { image: { user: 'NonRoot', labels: { forbidden: { quality: ['bad'] } } } },
    ];
    const strict = open({ policies: { labelled: { checks } }, rows: [rowOf(registry)] });
    const { decision } = await strict.send(object);
    expect(codesOf(decision)).toEqual(['image-label']);
    expect(decision.allowed).toBe(false);
  });

  test.each<[string, Record<string, string>, Record<string, string>]>([
    ['the image of a container changed', { a: 'V1' }, { a: 'BAD' }],
    ['two containers swapped names', { a: 'V1', b: 'OLD' }, { a: 'OLD', b: 'V1' }],
    ['the old image is spelt otherwise', { a: 'OLD' }, { a: 'OLD@BADDIGEST' }],
    ['the old image moves to another container', { a: 'OLD', b: 'V1' }, { c: 'OLD', b: 'V1' }],
  ])('an UPDATE in which %s is judged anew (R2)', async (_title, before, after) => {
    const fill = (images: Record<string, string>) =>
      pod(
        Object.fromEntries(
          Object.entries(images).map(([name, text]) => [
            name,
            text
              .replace('BADDIGEST', bad.digest)
              .replace('V1', `${place}:v1@${good.digest}`)
              .replace(/OLD|BAD/, `${place}:bad`),
          ]),
        ),
      );
    const { decision, mutation } = await stage.send(fill(after), {
      operation: 'UPDATE',
      oldObject: fill(before),
    });
    expect(decision.allowed).toBe(false);
    // What is there already is never touched: the kubelet would restart it.
    expect(mutation.patch.every(({ path }) => path !== '/spec/containers/0/image' || 'c' in after)).toBe(
      true,
    );
  });

  test('an ephemeral container that bears the name of a container that is there is pinned and judged', async () => {
    const text = `${place}:v1@${good.digest}`;
    const old = pod({ a: text });
    const next = pod({ a: text }, { spec: { ephemeralContainers: [at(`${place}:bad`)] } });
    const more = { operation: 'UPDATE', subResource: 'ephemeralcontainers', oldObject: old } as const;
    const { decision, mutation } = await stage.send(
      { ...next, spec: { ...(old['spec'] as object), ...(next['spec'] as object) } },
      more,
    );
    expect(mutation.patch).toEqual([
      { op: 'replace', path: '/spec/ephemeralContainers/0/image', value: `${place}:bad@${bad.digest}` },
    ]);
    expect(codesOf(decision)).toEqual(['image-user-root']);
  });
});
