import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readManifestBytes as readAtRegistry } from '../../src/adapters/registry/client/manifest-bytes.ts';
import { readManifest as readAsEvidence } from '../../src/core/oci/manifest.ts';
import { defaultEvidenceLimits as limits } from '../../src/evidence/limits.ts';
import { createEvidenceHarness } from '../fakes/evidence/evidence-harness.ts';
import { withHeaders } from '../fakes/registry/registry-faults.ts';
import { image, mediaTypes, rawManifest } from '../fakes/registry/registry-content.ts';
import { anonymous, budgetOf, openReading, type Reading } from '../fakes/registry/registry-reading.ts';
import { startFakeRegistry, type FakeRegistry } from '../fakes/registry/registry.ts';

/**
 * The bytes of a manifest come in by two doors: the registry adapter, which hands them out, and evidence, which also
 * reads what was kept before. Where one of them took for an image what the other takes for something else, an attacker
 * could choose the door (CVE-2021-41190).
 */
const { ociManifest, ociIndex, dockerManifest } = mediaTypes;
const address = { digest: `sha256:${'a'.repeat(64)}`, size: 2 };
const config = { mediaType: mediaTypes.ociConfig, ...address };
const child = { mediaType: ociManifest, ...address, platform: { os: 'linux', architecture: 'amd64' } };
const plain = { schemaVersion: 2, mediaType: ociManifest, config, layers: [config] };
const list = { schemaVersion: 2, mediaType: ociIndex, manifests: [child] };
const json = (value: unknown): string => JSON.stringify(value);

const twice = /one key twice/;
const spelled = /is spelled otherwise than the specification does/;
const both = /an index and a manifest at the same time/;
const odd: readonly (readonly [string, string | Uint8Array, RegExp])[] = [
  ['a key twice', json(plain).replace('{', '{"schemaVersion":1,'), twice],
  ['a key twice, once by an escape', json(plain).replace('{', String.raw`{"c\u006fnfig":{},`), twice],
  ['a key twice deep inside', json(list).replace('"os"', '"os":"windows","os"'), twice],
  ['a key in another case', json({ ...plain, Config: config }), spelled],
  ['a key with the long s', json({ ...plain, 'layer\u017f': [] }), spelled],
  ['a key of a layer in another case', json({ ...plain, layers: [{ ...config, Size: 1 }] }), spelled],
  ['a key of an entry in another case', json({ ...list, manifests: [{ ...child, DIGEST: '' }] }), spelled],
  [
    'a key of a platform in another case',
    json({ ...list, manifests: [{ ...child, platform: { ...child.platform, OS: 'windows' } }] }),
    spelled,
  ],
  // Only the adapter looked at the subject, and at descriptors in a field that is not read of such a document.
  ['a key of the subject in another case', json({ ...plain, subject: { ...config, Digest: '' } }), spelled],
  ['both manifests and config', json({ ...plain, manifests: [child] }), both],
  ['both manifests and layers', json({ ...list, layers: [] }), both],
  // Only evidence took null for a claim; Go's readers take it for none.
  ['an image with manifests that are null', json({ ...plain, manifests: null }), both],
  ['an index with a config that is null', json({ ...list, config: null }), both],
  // Only the adapter looked for fsLayers.
  ['schema 1 that says 2', json({ ...plain, fsLayers: [] }), /schema 1/],
  ['schema 1', json({ schemaVersion: 1, fsLayers: [] }), /schema 1/],
  ['the type of schema 1', json({ ...plain, mediaType: dockerManifest.replace('v2', 'v1') }), /schema 1/],
  // Only evidence refused it: nothing in it is an index.
  ['the type of an index and no list', json({ schemaVersion: 2, mediaType: ociIndex }), /says index/],
  ['the type of an index on an image', json({ ...plain, mediaType: ociIndex }), /says index/],
  ['the type of an image on an index', json({ ...list, mediaType: ociManifest }), /says image/],
  ['the type of a web page', json({ ...plain, mediaType: 'text/html' }), /not one that images have/],
  ['a type in capitals', json({ ...plain, mediaType: ociManifest.toUpperCase() }), /not one that images/],
  ['a type that is no text', json({ ...plain, mediaType: [ociManifest] }), /no text/],
  ['a number beyond all numbers', json(plain).replace('2,', '2e400,'), /not JSON/],
  ['a version that is a text', json({ ...plain, schemaVersion: '2' }), /schemaVersion is not 2/],
  ['nothing', '{"schemaVersion":2}', /neither an index nor a manifest/],
  ['a config that is null, and nothing else', '{"schemaVersion":2,"config":null}', /neither an index/],
  ['a config that is a list', json({ ...plain, config: [] }), /config is no object/],
  ['layers that are a map', json({ ...plain, layers: { length: 1 } }), /layers is no list/],
  ['entries that are a text', json({ ...list, manifests: 'x' }), /manifests is no list/],
  ['a list', '[]', /not a JSON object/],
  ['a byte order mark', `\ufeff${json(plain)}`, /not JSON/],
  ['two documents', `${json(plain)}{}`, /not JSON/],
  ['bytes that are no UTF-8', Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d), /not valid UTF-8/],
  ['deep nesting', `{"a":${'['.repeat(100_000)}`, /nested deeper/],
  ['many values', `{"a":[${'1,'.repeat(100_000)}1]}`, /more than 30000 values/],
];

const bytesOf = (content: string | Uint8Array): Uint8Array =>
  typeof content === 'string' ? new TextEncoder().encode(content) : content;

describe('one reading of a manifest at both doors', () => {
  let server: FakeRegistry;
  let reading: Reading;
  beforeAll(async () => {
    server = await startFakeRegistry();
    reading = openReading();
    server.fault({ path: '/manifests/' }, withHeaders({ 'content-type': 'application/json' }));
  });
  afterAll(async () => {
    await reading.close();
    await server.close();
  });

  /** Over the wire, from a registry that serves what was pushed. */
  const atRegistry = async (content: string | Uint8Array): Promise<string | undefined> => {
    server.push('team/app', rawManifest(content, ociManifest), 'odd');
    const place = { host: server.host, repository: 'team/app' };
    const answer = await reading.registry.manifest(place, { tag: 'odd' }, anonymous, budgetOf());
    return answer.state === 'unavailable' ? answer.why.why : undefined;
  };
  /** Past the adapter: what the port hands over is believed to be nothing but bytes. */
  const asEvidence = async (content: string | Uint8Array): Promise<string | undefined> => {
    const harness = createEvidenceHarness();
    harness.registry.push('registry.example.com/team/app', rawManifest(content, ociManifest), 'odd');
    const { image: fact } = (await harness.ask('registry.example.com/team/app:odd')).facts;
    return fact?.state === 'unavailable' ? fact.why.why : undefined;
  };

  test.each(odd)('%s is refused at both, for the same reason', async (_title, content, why) => {
    expect(await atRegistry(content)).toMatch(why);
    expect(await asEvidence(content)).toMatch(why);
  });

  test('an image passes both', async () => {
    const { bytes } = image({ user: '1000' });
    expect(await atRegistry(bytes)).toBeUndefined();
    expect(await asEvidence(bytes)).toMatch(/the config of the image is not there/);
  });
});

/** Documents that are nearly right: fields of manifests in several spellings with values of several kinds. */
const names = [
  'schemaVersion',
  'mediaType',
  'config',
  'layers',
  'manifests',
  'subject',
  'fsLayers',
  'Layers',
];
const values = fc.constantFrom<unknown>(
  2,
  1,
  null,
  [],
  {},
  [config],
  [child],
  config,
  ociManifest,
  ociIndex,
  'x',
);
const nearly = fc
  .tuple(
    fc.constantFrom<object>(plain, list, { schemaVersion: 2 }),
    fc.dictionary(fc.constantFrom(...names), values),
  )
  .map(([document, changes]) => bytesOf(json({ ...document, ...changes })));

test('what the adapter refuses evidence refuses with the same words, and they agree on what it is', () => {
  let agreed = 0;
  fc.assert(
    fc.property(fc.oneof(nearly, fc.uint8Array({ maxLength: 200 })), (bytes) => {
      const registry = readAtRegistry(bytes, undefined);
      const evidence = readAsEvidence(bytes, limits);
      if (!registry.ok) expect(evidence).toMatchObject({ ok: false, error: { why: registry.error } });
      else if (evidence.ok) {
        agreed++;
        expect(evidence.value.kind === 'index').toBe(registry.value.shape === 'index');
      }
    }),
    { numRuns: 2000 },
  );
  expect(agreed).toBeGreaterThan(20);
});
