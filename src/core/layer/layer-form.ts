import { ok, type Result } from '../result.ts';
import { shownName } from '../text/shown-text.ts';
import { invalidBytes, type Unreadable } from '../text/unreadable.ts';

/** OCI image-spec, "Layer Media Types"; Docker image manifest 2.2. How it is packed, its first bytes say. */
const layerType =
  /^application\/(?:vnd\.oci\.image\.layer\.v1\.tar(?:\+(?:gzip|zstd))?|vnd\.docker\.image\.rootfs\.diff\.tar(?:[.+](?:gzip|zstd))?)$/;

/** What a layer is that nobody can read here: its registry does not have it, or its bytes are a secret. */
const whyForeign = (mediaType: string): string => {
  if (mediaType.includes('+encrypted')) return 'a layer of it is encrypted';
  const isForeign = mediaType.includes('.nondistributable.') || mediaType.includes('.foreign.');
  return isForeign
    ? 'a layer of it is not in its registry'
    : `a layer of it is of the type ${shownName(mediaType)}`;
};

/** Whether a layer can be read (V5). */
export const checkLayerType = (mediaType: string): Result<undefined, Unreadable> =>
  layerType.test(mediaType) ? ok(undefined) : invalidBytes(whyForeign(mediaType));

/** Annotations that a runtime takes for the place of a table of contents: eStargz, zstd:chunked. */
const lazyAnnotations = [
  'containerd.io/snapshot/stargz/toc.digest',
  'io.github.containers.zstd-chunked.manifest-checksum',
  'io.containers.zstd-chunked.manifest-checksum',
];
export const isLazyByAnnotations = (annotations: Readonly<Record<string, string>>): boolean =>
  lazyAnnotations.some((name) => Object.hasOwn(annotations, name));

/** The end of a packed layer, as long as the marks need it. */
export const layerTailLength = 96;
/**
 * What stands in the last bytes of such layers: in a header of gzip, and in a frame that zstd skips. Older versions of containers/storage and
 * stargz-snapshotter write that of zstd in another case.
 */
const lazyMarks = ['STARGZ', 'GNUlInUx', 'GnUlInUx'];

/**
 * Whether the end of a packed layer points at a table of contents (V3). Runtimes that know it believe the table and do not read
 * the archive: the files in it may be others.
 */
export const isLazyByTail = (tail: Uint8Array): boolean => {
  let text = '';
  for (const byte of tail) text += String.fromCharCode(byte);
  return lazyMarks.some((mark) => text.includes(mark));
};

/** The name of eStargz's table in the archive itself. */
export const stargzTable = 'stargz.index.json';
