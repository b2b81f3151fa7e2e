/** Candidates as they stand in a registry, as the cosigns push them. */
import {
  artifact,
  blob,
  digestOf,
  index,
  mediaTypes,
  rawManifest,
  type FakeBlob,
  type FakeDescriptor,
  type FakeManifest,
} from '../registry/registry-content.ts';
import type { CandidateLayer } from '../../../src/evidence/verify/verification.ts';
import {
  bundleLayer,
  bundleMediaType,
  dsseBundle,
  simplePayload,
  simpleSigningLayer,
  statement,
  type Sign,
} from './signed-layers.ts';

/** cosign's tag of an image, `sha256-<hex>.sig`. */
export const tagFor = ({ digest }: Pick<FakeManifest, 'digest'>, suffix: 'sig' | 'att'): string =>
  `${digest.replace(':', '-')}.${suffix}`;

interface CandidateOptions {
  readonly subject?: FakeManifest;
  /** Empty unless told. */
  readonly config?: FakeBlob;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The manifest of these layers: annotations stand in the descriptors of the layers. */
export const candidateOf = (
  layers: readonly CandidateLayer[],
  { subject, artifactType, annotations, config = blob('{}', mediaTypes.ociEmpty) }: CandidateOptions = {},
): FakeManifest => {
  const blobs = layers.map(({ bytes, mediaType }) => blob(bytes, mediaType));
  const content = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    ...(artifactType !== undefined && { artifactType }),
    config: { mediaType: config.mediaType, digest: config.digest, size: config.bytes.length },
    layers: layers.map(({ mediaType, annotations }, at) => ({
      mediaType,
      digest: blobs[at]?.digest,
      size: blobs[at]?.bytes.length,
      annotations,
    })),
    ...(subject && { subject: subject.descriptor }),
    ...(annotations && { annotations }),
  };
  return rawManifest(content, mediaTypes.ociManifest, { blobs: [config, ...blobs], config });
};

/** cosign 2: to be pushed under {@link tagFor}. */
export const simpleSignature = (image: FakeManifest, ...signs: readonly Sign[]): FakeManifest =>
  candidateOf(signs.map((sign) => simpleSigningLayer(sign, simplePayload(image.digest))));

/** cosign 3: a bundle that refers to the image. */
export const bundleSignature = (
  image: FakeManifest,
  sign: Sign,
  options: CandidateOptions & { readonly predicateType?: string } = {},
): FakeManifest => {
  const { predicateType, ...more } = options;
  const payload = statement({
    digest: image.digest,
    ...(predicateType === undefined ? {} : { predicateType }),
  });
  return candidateOf([bundleLayer(dsseBundle([sign], payload))], {
    subject: image,
    artifactType: bundleMediaType,
    ...more,
  });
};

/** A bare in-toto statement about the image, as BuildKit and Docker's builder write it. */
export const statementLayer = (image: FakeManifest, predicateType: string): CandidateLayer => ({
  form: 'statement',
  mediaType: 'application/vnd.in-toto+json',
  annotations: { 'in-toto.io/predicate-type': predicateType },
  bytes: statement({ digest: image.digest, predicateType }),
});

/** A bare statement in a manifest of its own. @param subject what the manifest refers to: the image, unless it lies */
export const statementManifest = (
  image: FakeManifest,
  predicateType: string,
  subject: FakeManifest = image,
  annotations: Readonly<Record<string, string>> = {},
): FakeManifest =>
  candidateOf([statementLayer(image, predicateType)], {
    subject,
    artifactType: 'application/vnd.in-toto+json',
    annotations: { 'in-toto.io/predicate-type': predicateType, ...annotations },
  });

const statementV01 = 'https://in-toto.io/Statement/v0.1';
const noPlatform = { os: 'unknown', architecture: 'unknown' };

/**
 * BuildKit's manifest of attestations about one image: an image by its config, with a statement for each predicate. It refers
 * to nothing, unless told: newer versions can have it refer to the image.
 */
export const buildkitAttestations = (
  image: FakeManifest,
  predicates: Readonly<Record<string, unknown>>,
  subject?: FakeManifest,
): FakeManifest => {
  const layers = Object.entries(predicates).map(([predicateType, predicate]) => ({
    ...statementLayer(image, predicateType),
    bytes: statement({ type: statementV01, digest: image.digest, predicateType, predicate }),
  }));
  const rootfs = { type: 'layers', diff_ids: layers.map(({ bytes }) => digestOf(bytes)) };
  const config = blob(JSON.stringify({ ...noPlatform, config: {}, rootfs }), mediaTypes.ociConfig);
  const attests = 'application/vnd.docker.attestation.manifest.v1+json';
  return candidateOf(layers, { config, ...(subject && { subject, artifactType: attests }) });
};

/** Its entry in the index. @param about the image that the entry names, which may be a lie */
export const buildkitEntry = ({ descriptor }: FakeManifest, about: FakeManifest): FakeDescriptor => ({
  ...descriptor,
  platform: noPlatform,
  annotations: {
    'vnd.docker.reference.type': 'attestation-manifest',
    'vnd.docker.reference.digest': about.digest,
  },
});

/** The index of these images, each with its attestations. */
export const buildkitIndex = (
  built: readonly (readonly [image: FakeManifest, attestations: FakeManifest])[],
): FakeManifest => {
  const images = built.map(([image]) => image.descriptor);
  const entries = built.map(([image, attestations]) => buildkitEntry(attestations, image));
  return index(built.flat(), { descriptors: [...images, ...entries] });
};

/** A referrer of another kind, different for each number. */
export const junk = (image: FakeManifest, n: number, artifactType = 'application/spdx+json'): FakeManifest =>
  artifact({
    subject: image.descriptor,
    artifactType,
    layers: [blob(`junk ${n}`, 'application/octet-stream')],
  });
