import { describe, expect, test } from 'vitest';
import { mediaTypes } from '../../../../test/fakes/registry/registry-content.ts';
import { manifestAccept, readManifestBytes } from './manifest-bytes.ts';

const { ociManifest, ociIndex, dockerManifest, dockerList } = mediaTypes;
const hex = 'a'.repeat(64);
const config = { mediaType: mediaTypes.ociConfig, digest: `sha256:${hex}`, size: 2 };
const manifest = { schemaVersion: 2, mediaType: ociManifest, config, layers: [config] };
const index = { schemaVersion: 2, mediaType: ociIndex, manifests: [config] };
const schema1 = { schemaVersion: 1, name: 'a', tag: 'b', fsLayers: [], history: [], signatures: [] };

const typeOf = (document: unknown, contentType?: string): string => {
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const read = readManifestBytes(new TextEncoder().encode(text), contentType);
  return read.ok
    ? `${read.value.shape === 'index' ? 'index' : 'manifest'} ${read.value.mediaType}`
    : read.error;
};

describe('the media type is what the bytes say', () => {
  const cases: readonly (readonly [string, unknown, string | undefined, string])[] = [
    ['an OCI manifest', manifest, ociManifest, `manifest ${ociManifest}`],
    ['an OCI index', index, ociIndex, `index ${ociIndex}`],
    [
      'a Docker manifest',
      { ...manifest, mediaType: dockerManifest },
      dockerManifest,
      `manifest ${dockerManifest}`,
    ],
    ['a Docker list', { ...index, mediaType: dockerList }, dockerList, `index ${dockerList}`],
    ['without a header', manifest, undefined, `manifest ${ociManifest}`],
    [
      'a header with a parameter, in any case',
      manifest,
      `${ociManifest.toUpperCase()}; charset=utf-8`,
      `manifest ${ociManifest}`,
    ],
    ['a header that says only JSON (Harbor)', index, 'application/json; charset=utf-8', `index ${ociIndex}`],
    [
      'old OCI manifests do not name their type',
      { ...manifest, mediaType: undefined },
      ociManifest,
      `manifest ${ociManifest}`,
    ],
    ['old OCI indexes do not either', { ...index, mediaType: undefined }, undefined, `index ${ociIndex}`],
    [
      'a silent one under a Docker header of the same kind',
      { ...manifest, mediaType: undefined },
      dockerManifest,
      `manifest ${ociManifest}`,
    ],
    ['an index that Go wrote without entries', { ...index, manifests: null }, ociIndex, `index ${ociIndex}`],
    [
      'a manifest that Go wrote without layers',
      { ...manifest, layers: null },
      ociManifest,
      `manifest ${ociManifest}`,
    ],
    [
      'an artifact without a config, which is an image to nobody',
      { ...manifest, config: undefined },
      undefined,
      `manifest ${ociManifest}`,
    ],
    [
      'keys of other people, also ones that look like ours elsewhere',
      { ...manifest, annotations: { Layers: 'x', digest: 'y' }, other: { Digest: 1 } },
      undefined,
      `manifest ${ociManifest}`,
    ],
  ];
  test.each(cases)('%s', (_title, document, header, expected) => {
    expect(typeOf(document, header)).toBe(expected);
  });
});

describe('what two readers could take for two things is refused', () => {
  const cases: readonly (readonly [string, unknown, string | undefined, RegExp])[] = [
    [
      'index and manifest in one (CVE-2021-41190)',
      { ...manifest, manifests: [config] },
      ociManifest,
      /index and a manifest at the same time/,
    ],
    [
      'index with layers (CVE-2021-41190)',
      { ...index, layers: [] },
      ociIndex,
      /index and a manifest at the same time/,
    ],
    [
      'an index that says it is a manifest',
      { ...index, mediaType: ociManifest },
      ociManifest,
      /says image, its content does not/,
    ],
    [
      'a manifest that says it is an index',
      { ...manifest, mediaType: ociIndex },
      ociIndex,
      /says index, its content does not/,
    ],
    ['a manifest under the header of an index', manifest, ociIndex, /disagree/],
    ['an index under the header of a manifest', index, dockerManifest, /disagree/],
    ['an OCI manifest under the header of a Docker one', manifest, dockerManifest, /disagree/],
    [
      'a silent manifest under the header of an index',
      { ...manifest, mediaType: undefined },
      ociIndex,
      /disagree/,
    ],
    [
      'a manifest under a header of schema 1',
      manifest,
      'application/vnd.docker.distribution.manifest.v1+json',
      /disagree/,
    ],
    ['a web page as header', manifest, 'text/html', /disagree/],
    ['Docker schema 1', schema1, undefined, /schema 1, which is not read; push the image again/],
    ['Docker schema 1 that says schema 2', { ...schema1, schemaVersion: 2 }, undefined, /schema 1/],
    [
      'the type of Docker schema 1',
      { ...manifest, mediaType: 'application/vnd.docker.distribution.manifest.v1+prettyjws' },
      undefined,
      /schema 1/,
    ],
    [
      'the withdrawn artifact manifest',
      { schemaVersion: 2, mediaType: 'application/vnd.oci.artifact.manifest.v1+json', blobs: [] },
      undefined,
      /not one that images have/,
    ],
    [
      'a type from the prototype of objects',
      { ...manifest, mediaType: 'constructor' },
      undefined,
      /not one that images have/,
    ],
    ['a type that is no text', { ...manifest, mediaType: 7 }, undefined, /no text/],
    ['another schemaVersion', { ...manifest, schemaVersion: 3 }, undefined, /schemaVersion is not 2/],
    ['no schemaVersion', { ...manifest, schemaVersion: undefined }, undefined, /schemaVersion is not 2/],
    [
      'a config',
      { architecture: 'amd64', os: 'linux', schemaVersion: 2 },
      undefined,
      /neither an index nor a manifest/,
    ],
    ['a config that is no object', { ...manifest, config: 'x' }, undefined, /config is no object/],
    ['layers that are no list', { ...manifest, layers: {} }, undefined, /layers is no list/],
    ['entries that are no list', { ...index, manifests: 'x' }, undefined, /manifests is no list/],
    [
      'a key twice',
      `{"schemaVersion":2,"config":${JSON.stringify(config)},"layers":[],"layers":[1]}`,
      undefined,
      /one key twice/,
    ],
    ['a list', [manifest], undefined, /not a JSON object/],
    ['a web page', '<html>', undefined, /not JSON/],
  ];
  test.each(cases)('%s', (_title, document, header, why) => {
    expect(typeOf(document, header)).toMatch(why);
  });

  // Go's encoding/json matches keys in any case and takes the last one: containerd would run what we did not see.
  test.each<[string, unknown]>([
    ['Layers beside layers', { ...manifest, Layers: [] }],
    ['CONFIG beside config', { ...manifest, CONFIG: config }],
    ['Manifests in a manifest', { ...manifest, Manifests: [config] }],
    ['layers with the long s of Unicode', { ...manifest, 'layer\u017f': [] }],
    ['Digest in the config', { ...manifest, config: { ...config, Digest: `sha256:${'b'.repeat(64)}` } }],
    ['Size in a layer', { ...manifest, layers: [{ ...config, Size: 3 }] }],
    [
      'Platform in an entry',
      { ...index, manifests: [{ ...config, Platform: { os: 'linux', architecture: 'arm64' } }] },
    ],
    ['OS in a platform', { ...index, manifests: [{ ...config, platform: { os: 'linux', OS: 'windows' } }] }],
    ['Digest in the subject', { ...manifest, subject: { ...config, DIGEST: 'x' } }],
  ])('%s is refused: a reader that folds case would take it', (_title, document) => {
    expect(typeOf(document)).toMatch(/is spelled otherwise than the specification does/);
  });

  test('what is asked for is what is read', () => {
    expect(manifestAccept.split(', ')).toEqual([ociManifest, dockerManifest, ociIndex, dockerList]);
  });
});
