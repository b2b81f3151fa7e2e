import { describe, expect, test } from 'vitest';
import { readImageLayers } from './image-layers.ts';

const digest = (digit: string): string => `sha256:${digit.repeat(64)}`;
const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const layer = (digit: string, more: object = {}) => ({
  mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip',
  digest: digest(digit),
  size: 10,
  ...more,
});
const manifestOf = (layers: unknown) => ({
  schemaVersion: 2,
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digest('c'), size: 2 },
  layers,
});
const configOf = (diffIds: unknown, history?: unknown) => ({
  os: 'linux',
  architecture: 'amd64',
  rootfs: { type: 'layers', diff_ids: diffIds },
  ...(history === undefined ? {} : { history }),
});
const read = (manifest: object, config: object) => readImageLayers(bytesOf(manifest), bytesOf(config));

describe('the layers of an image', () => {
  test('have what manifest and config say of them; steps that made none are left out', () => {
    const annotations = { 'containerd.io/snapshot/stargz/toc.digest': 'x' };
    const history = [
      { created_by: 'FROM debian' },
      { created_by: 'ENV a=b', empty_layer: true },
      { created_by: `RUN ${'x'.repeat(2000)}` },
    ];
    const layers = read(
      manifestOf([layer('1'), layer('2', { annotations })]),
      configOf([digest('a'), digest('b')], history),
    );
    const common = { mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', size: 10 };
    expect(layers.ok && layers.value).toEqual([
      { ...common, digest: digest('1'), annotations: {}, diffId: digest('a'), createdBy: 'FROM debian' },
      {
        ...common,
        digest: digest('2'),
        annotations,
        diffId: digest('b'),
        createdBy: `RUN ${'x'.repeat(1020)}`,
      },
    ]);
  });

  test.each<[string, unknown]>([
    ['none', undefined],
    ['too short', []],
    ['too long', [{ created_by: 'a' }, { created_by: 'b' }]],
    ['no list', 'a'],
    ['no texts', [{ created_by: 1 }]],
  ])('have no steps when the history is %s', (_, history) => {
    const layers = read(manifestOf([layer('1')]), configOf([digest('a')], history));
    expect(layers.ok && layers.value[0]).not.toHaveProperty('createdBy');
  });

  test('an image without layers', () => {
    expect(read(manifestOf([]), configOf([]))).toEqual({ ok: true, value: [] });
  });

  test.each<[string, object, object, string]>([
    [
      'a layer more than the config has',
      manifestOf([layer('1'), layer('2')]),
      configOf([digest('a')]),
      '2 layers',
    ],
    ['a layer less', manifestOf([]), configOf([digest('a')]), '0 layers'],
    ['no diff_ids', manifestOf([layer('1')]), { rootfs: {} }, 'names 0'],
    ['no digest', manifestOf([layer('1')]), configOf(['x']), 'no digest'],
    ['a layer without a digest', manifestOf([{ size: 1 }]), configOf([digest('a')]), 'a layer'],
    [
      'another spelling of rootfs',
      manifestOf([layer('1')]),
      { ...configOf([digest('a')]), RootFS: {} },
      'spelling',
    ],
    [
      'another spelling of diff_ids',
      manifestOf([layer('1')]),
      { rootfs: { diff_ids: [digest('a')], Diff_IDs: [digest('b')] } },
      'spelling',
    ],
  ])('V2: %s cannot be read', (_, manifest, config, why) => {
    const layers = read(manifest, config);
    expect(layers.ok ? '' : layers.error.why).toContain(why);
  });
});
