/** Candidates as they stand in a registry, as the cosigns push them. */
import { artifact, blob, mediaTypes, rawManifest, type FakeManifest } from '../registry/registry-content.ts';
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
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The manifest of these layers: annotations stand in the descriptors of the layers. */
export const candidateOf = (
  layers: readonly CandidateLayer[],
  { subject, artifactType, annotations }: CandidateOptions = {},
): FakeManifest => {
  const config = blob('{}', mediaTypes.ociEmpty);
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

/** A referrer of another kind, different for each number. */
export const junk = (image: FakeManifest, n: number, artifactType = 'application/spdx+json'): FakeManifest =>
  artifact({
    subject: image.descriptor,
    artifactType,
    layers: [blob(`junk ${n}`, 'application/octet-stream')],
  });
