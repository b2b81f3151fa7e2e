import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { artifact, image, index, mediaTypes } from '../../../test/fakes/registry/registry-content.ts';
import { defaultEvidenceLimits as limits } from '../../evidence/limits.ts';
import { readManifest } from './manifest.ts';

const bytesOf = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
const read = (value: unknown): ReturnType<typeof readManifest> => readManifest(bytesOf(value), limits);

const descriptor = (mediaType: string, size = 10): Record<string, unknown> => ({
  mediaType,
  digest: `sha256:${'a'.repeat(64)}`,
  size,
});
const config = descriptor(mediaTypes.ociConfig, 7);
const layer = descriptor(mediaTypes.ociLayer, 100);
const plain = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers: [layer, layer] };
const child = { ...descriptor(mediaTypes.ociManifest), platform: { os: 'linux', architecture: 'amd64' } };
const list = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [child] };

describe('an image manifest', () => {
  test('of OCI gives its config, the number of its layers and what they weigh', () => {
    expect(read(plain)).toEqual({
      ok: true,
      value: {
        kind: 'image',
        config,
        layers: 2,
        size: 207,
        base: {},
        otherwise: { type: mediaTypes.ociConfig, annotations: {} },
      },
    });
  });

  test('of Docker is read alike', () => {
    const docker = {
      schemaVersion: 2,
      mediaType: mediaTypes.dockerManifest,
      config: descriptor(mediaTypes.dockerConfig, 7),
      layers: [descriptor(mediaTypes.dockerLayer, 1)],
    };
    expect(read(docker)).toMatchObject({ ok: true, value: { kind: 'image', layers: 1, size: 8 } });
  });

  test('may leave its media type out, as OCI allows', () => {
    const { mediaType: _, ...untyped } = plain;
    expect(read(untyped)).toMatchObject({ ok: true, value: { kind: 'image' } });
  });

  test('names its base in annotations', () => {
    const annotations = {
      'org.opencontainers.image.base.name': 'docker.io/library/alpine:3.22',
      'org.opencontainers.image.base.digest': 'sha256:b',
    };
    expect(read({ ...plain, annotations })).toMatchObject({
      value: { base: { name: 'docker.io/library/alpine:3.22', digest: 'sha256:b' } },
    });
  });

  test('of the test doubles is read', () => {
    expect(readManifest(image({ user: '1000' }).bytes, limits)).toMatchObject({ ok: true });
    expect(readManifest(index([image()]).bytes, limits)).toMatchObject({
      ok: true,
      value: { kind: 'index' },
    });
  });
});

describe('an artifact', () => {
  const helm = descriptor('application/vnd.cncf.helm.config.v1+json', 7);
  test.each<[string, object, object]>([
    ['is one by the media type of its config', {}, { type: 'application/vnd.cncf.helm.config.v1+json' }],
    ['is called by its own type', { artifactType: 'application/vnd.x' }, { type: 'application/vnd.x' }],
    ['gives its annotations', { annotations: { team: 'web' } }, { annotations: { team: 'web' } }],
    ['may leave its media type out', { mediaType: undefined }, { isOci: true }],
    ['of Docker is none that CRI-O refuses', { mediaType: mediaTypes.dockerManifest }, { isOci: false }],
    ['may have no config', { config: null }, { type: 'unknown, without a config', size: 200 }],
  ])('%s', (_title, fields, want) => {
    const found = read({ ...plain, config: helm, ...fields });
    expect(found).toMatchObject({ ok: true, value: { kind: 'artifact', layers: 2, size: 207, ...want } });
  });
  test('with the type of an image is an image so far, whatever it calls itself', () => {
    const found = read({ ...plain, artifactType: 'application/vnd.x', annotations: { a: 'b' } });
    expect(found).toMatchObject({
      value: { kind: 'image', otherwise: { type: 'application/vnd.x', annotations: { a: 'b' } } },
    });
  });
  test('of the test doubles is read', () => {
    expect(readManifest(artifact().bytes, limits)).toMatchObject({ value: { kind: 'artifact' } });
  });
  test.each([
    ['annotations that are no texts', { annotations: { a: 1 } }],
    ['annotations that are no object', { annotations: ['a'] }],
    ['no list of layers', { layers: undefined }],
    ['a media type that no runtime runs', { mediaType: 'application/vnd.oci.artifact.manifest.v1+json' }],
  ])('is refused with %s', (_title, fields) => {
    expect(read({ ...plain, config: helm, ...fields })).toMatchObject({
      ok: false,
      error: { kind: 'invalid' },
    });
  });
});

describe('an index', () => {
  test('gives its images with their platforms', () => {
    const spelling = '["linux","amd64",null,null,null]';
    expect(read(list)).toEqual({ ok: true, value: { kind: 'index', children: [{ ...child, spelling }] } });
  });

  test('leaves out attachments, which BuildKit marks unknown/unknown', () => {
    const attached = { ...child, platform: { os: 'Unknown', architecture: 'unknown' } };
    expect(read({ ...list, manifests: [attached, child] })).toMatchObject({ value: { children: [child] } });
  });

  test.each<[unknown, { readonly spelling?: string }]>([
    [{ os: '', architecture: 'amd64' }, { spelling: '["","amd64",null,null,null]' }],
    [{ os: 'linux' }, { spelling: '["linux",null,null,null,null]' }],
    [null, {}],
  ])('takes the half platform %j for none, since containerd then looks into the config', (platform, more) => {
    const found = read({ ...list, manifests: [{ ...child, platform }] });
    expect(found).toEqual({
      ok: true,
      value: { kind: 'index', children: [{ ...descriptor(mediaTypes.ociManifest), ...more }] },
    });
  });

  test('spells out everything by which a runtime could tell two platforms apart', () => {
    const platform = { ...child.platform, 'os.version': '10', 'os.features': ['a', 'b'], variant: 'v2' };
    expect(read({ ...list, manifests: [{ ...child, platform }] })).toMatchObject({
      value: { children: [{ spelling: '["linux","amd64","v2","10",["a","b"]]' }] },
    });
  });

  test('of more images than are looked at is a limit, not an answer (B9)', () => {
    const many = Array.from({ length: limits.indexChildren + 1 }, () => child);
    expect(read({ ...list, manifests: many })).toMatchObject({ ok: false, error: { kind: 'limit' } });
    expect(read({ ...list, manifests: many.slice(1) })).toMatchObject({ ok: true });
  });
});

describe('refused', () => {
  const refused: readonly (readonly [string, unknown, RegExp])[] = [
    [
      'bytes that are index and image at once (CVE-2021-41190)',
      { ...plain, manifests: [child] },
      /an index and a manifest at the same time/,
    ],
    [
      'an image that calls itself an index',
      { ...plain, mediaType: mediaTypes.ociIndex },
      /says index, its content/,
    ],
    [
      'an index that calls itself an image',
      { ...list, mediaType: mediaTypes.ociManifest },
      /says image, its content/,
    ],
    ['a schema 1 manifest', { schemaVersion: 1, fsLayers: [] }, /schema 1/],
    ['no schema version', { ...plain, schemaVersion: undefined }, /schemaVersion/],
    ['text that is no JSON', '{', /not JSON/],
    ['a JSON list', '[]', /not a JSON object/],
    ['a byte order mark, which Go refuses', `\ufeff${JSON.stringify(plain)}`, /not JSON/],
    ['a digest of another algorithm', { ...plain, config: { ...config, digest: 'md5:abc' } }, /digest/],
    [
      'a digest in upper case',
      { ...plain, config: { ...config, digest: `sha256:${'A'.repeat(64)}` } },
      /lower case/,
    ],
    [
      'a digest that would leave the directory',
      { ...plain, config: { ...config, digest: 'sha256:../../x' } },
      /hex/,
    ],
    ['a negative size', { ...plain, layers: [{ ...layer, size: -1 }] }, /size/],
    ['a fractional size', { ...plain, layers: [{ ...layer, size: 0.5 }] }, /size/],
    [
      'sizes that add up to nonsense',
      { ...plain, layers: [0, 1].map(() => ({ ...layer, size: 2 ** 53 - 1 })) },
      /add up/,
    ],
    ['an image without layers', { ...plain, layers: undefined }, /layers/],
    ['an index without images', { ...list, manifests: 'none' }, /manifests is no list/],
    ['an index whose list is null', { ...list, manifests: null }, /list of images/],
  ];
  test.each(refused)('%s', (_, value, why) => {
    expect(read(value)).toMatchObject({
      ok: false,
      error: { kind: 'invalid', why: expect.stringMatching(why) },
    });
  });

  test('B9: more layers than are looked at', () => {
    const layers = Array.from({ length: limits.layers + 1 }, () => layer);
    expect(read({ ...plain, layers })).toMatchObject({ ok: false, error: { kind: 'limit' } });
  });

  test.each(['Config', 'CONFIG', 'layer\u017f', 'MediaType'])(
    'the field %s, which Go would read and we would not',
    (name) => {
      expect(read({ ...plain, [name]: config })).toMatchObject({ ok: false, error: { kind: 'invalid' } });
    },
  );

  test.each([
    '{"schemaVersion":2,"config":{},"config":{}}',
    '{"a":{"b":1,"c":[{}],"b":2}}',
    '{"a":1,"\\u0061":2}',
  ])('the doubled field in %s, which Go would mix and JSON.parse would hide', (text) => {
    expect(read(text)).toMatchObject({ ok: false, error: { why: expect.stringContaining('twice') } });
  });

  test('equal names in different objects are no doubled field', () => {
    expect(read({ ...plain, annotations: { config: 'a', layers: 'b' } })).toMatchObject({ ok: true });
  });

  test.each([
    ['depth', `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`],
    ['number', `{"a":[${'1,'.repeat(200_000)}1]}`],
  ])('B9: %s, before the parser makes objects of it', (_, text) => {
    expect(read(text)).toMatchObject({ ok: false, error: { kind: 'limit' } });
  });
});

test('what is written is read: any layers, platforms and annotations', () => {
  const hex = fc.stringMatching(/^[0-9a-f]{64}$/);
  const content = fc.record({
    mediaType: fc.string(),
    digest: hex.map((digits) => `sha256:${digits}`),
    size: fc.nat(),
  });
  const word = fc.string({ minLength: 1 });
  const platform = fc.record(
    { os: word, architecture: word, variant: word },
    { requiredKeys: ['os', 'architecture'] },
  );
  const annotations = fc.dictionary(fc.string(), fc.string());
  const image = fc.record({ layers: fc.array(content), annotations, artifactType: word });
  fc.assert(
    fc.property(image, ({ layers, annotations, artifactType }) => {
      const found = read({ ...plain, layers, annotations, artifactType });
      const size = layers.reduce((sum, layer) => sum + layer.size, config['size'] as number);
      expect(found).toMatchObject({ ok: true, value: { kind: 'image', layers: layers.length, size } });
      expect(found.ok && found.value.kind === 'image' && { ...found.value.otherwise?.annotations }).toEqual({
        ...annotations,
      });
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(content, platform), { maxLength: limits.indexChildren }), (entries) => {
      const manifests = entries.map(([entry, platform]) => ({ ...entry, platform }));
      const children = entries
        .filter(([, { os, architecture }]) => !/^unknown$/i.test(os) || !/^unknown$/i.test(architecture))
        .map(([entry, platform]) => ({ ...entry, platform }));
      expect(read({ ...list, manifests })).toMatchObject({ ok: true, value: { kind: 'index', children } });
    }),
  );
});
