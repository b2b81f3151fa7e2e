import { describe, expect, test } from 'vitest';
import { checkLayerType, isLazyByAnnotations, isLazyByTail } from './layer-form.ts';

describe('V5: which layers can be read', () => {
  test.each([
    'application/vnd.oci.image.layer.v1.tar',
    'application/vnd.oci.image.layer.v1.tar+gzip',
    'application/vnd.oci.image.layer.v1.tar+zstd',
    'application/vnd.docker.image.rootfs.diff.tar',
    'application/vnd.docker.image.rootfs.diff.tar.gzip',
    'application/vnd.docker.image.rootfs.diff.tar.zstd',
  ])('%s can', (mediaType) => expect(checkLayerType(mediaType).ok).toBe(true));

  test.each([
    ['application/vnd.oci.image.layer.v1.tar+gzip+encrypted', 'is encrypted'],
    ['application/vnd.oci.image.layer.nondistributable.v1.tar+gzip', 'not in its registry'],
    ['application/vnd.docker.image.rootfs.foreign.diff.tar.gzip', 'not in its registry'],
    ['application/vnd.oci.image.layer.v1.tar+bzip2', 'of the type'],
    ['application/vnd.wasm.content.layer.v1+wasm', 'of the type'],
    ['', 'of the type'],
  ])('%s cannot', (mediaType, why) => {
    const checked = checkLayerType(mediaType);
    expect(checked.ok ? '' : checked.error.why).toContain(why);
  });
});

describe('V3: layers with a table of contents', () => {
  test.each([
    ['containerd.io/snapshot/stargz/toc.digest', true],
    ['io.github.containers.zstd-chunked.manifest-checksum', true],
    ['org.opencontainers.image.title', false],
  ])('the annotation %s: %s', (name, want) => expect(isLazyByAnnotations({ [name]: 'x' })).toBe(want));

  test('the end of the layer', () => {
    const stargz = Buffer.from(
      '1f8b0804000000000000001a00534716003030303030303030303030303030303053544152475a',
      'hex',
    );
    expect(isLazyByTail(Buffer.concat([stargz, Buffer.from('010000ffff0000000000000000', 'hex')]))).toBe(
      true,
    );
    // containers/storage; its older versions and stargz-snapshotter.
    for (const mark of ['GNUlInUx', 'GnUlInUx'])
      expect(isLazyByTail(Buffer.from(`${'\0'.repeat(56)}${mark}`))).toBe(true);
    expect(isLazyByTail(Buffer.alloc(96))).toBe(false);
  });
});
