import { readReferrers, type Descriptor } from './descriptor.ts';
import { readManifestDocument } from './manifest-document.ts';
import { isNoPlatform } from './platform.ts';

/**
 * How BuildKit marks the manifest of attestations that it lists in an index beside the image that they are about. All of
 * it is a hint.
 * @see https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md
 */
export const attestationManifestType = 'application/vnd.docker.attestation.manifest.v1+json';
const typeAnnotation = 'vnd.docker.reference.type';
export const referenceAnnotation = 'vnd.docker.reference.digest';

const mayAttest = ({ annotations, artifactType, platform }: Descriptor): boolean =>
  annotations?.[typeAnnotation] === 'attestation-manifest' ||
  artifactType === attestationManifestType ||
  (platform !== undefined && isNoPlatform(platform));

/** The entries of an index that may hold attestations about its images; none where the bytes are no index. */
export const attestationManifestsIn = (bytes: Uint8Array): readonly Descriptor[] => {
  const document = readManifestDocument(bytes);
  if (!document.ok || document.value.shape !== 'index') return [];
  const entries = readReferrers(document.value.object);
  return entries.ok ? entries.value.filter(mayAttest) : [];
};
