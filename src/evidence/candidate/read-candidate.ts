import { formOf, type LayerForm } from '../../core/facts/candidate-form.ts';
import type { CandidateFault } from '../../core/facts/claim.ts';
import type { Digest } from '../../core/image/digest.ts';
import {
  readCandidateManifest,
  type CandidateLayerDescriptor,
  type CandidateManifest,
} from '../../core/oci/candidate-manifest.ts';
import { shown } from '../../core/text/shown-text.ts';
import { mapLimit } from '../../concurrency/map-limit.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { RegistryFailure } from '../ports.ts';
import type { ProviderParts } from '../provider.ts';
import { readContent, type ContentWanted, type ReadPlace } from '../read-content.ts';
import type { Reading } from '../resolve/read-budget.ts';
import type { CandidateLayer } from '../verify/verification.ts';
import { isInIndex, isTagged, type Candidate } from './candidate.ts';

/** What is read of a candidate. */
export interface CandidateBounds {
  /** Largest layer of each form that is read; a form that says nothing here is not listed. */
  readonly bytes: { readonly [Form in LayerForm]?: number };
}
export const signatureBounds = ({ payloadBytes, bundleBytes }: EvidenceLimits): CandidateBounds => ({
  bytes: { 'simple-signing': payloadBytes, bundle: bundleBytes },
});

/**
 * `foreign`: it is a thing of another kind, such as a package list. `bad`: it is wrong, and who pushed it chose that (S3).
 */
export type ReadCandidate =
  | {
      readonly state: 'read';
      readonly layers: readonly CandidateLayer[];
      readonly failures: readonly Failure[];
      /** Bare statements. They are read when it is known that somebody signed what holds them. */
      readonly statements: readonly WantedLayer[];
      /** Layers beyond those that are read. */
      readonly left: number;
    }
  | { readonly state: 'foreign' }
  /** Others before it have used up what is read of all. */
  | { readonly state: 'left' }
  | Failure;
export type Failure =
  | {
      readonly state: 'bad';
      readonly fault: CandidateFault;
      readonly why: string;
      /** See `RejectedCandidate`. */
      readonly isLost?: true;
    }
  | { readonly state: 'unavailable'; readonly why: RegistryFailure };

export interface CandidateRead {
  readonly parts: ProviderParts;
  readonly place: ReadPlace;
  readonly reading: Reading;
  /** The image that it has to speak for. */
  readonly subject: Digest;
  readonly bounds: CandidateBounds;
  /** Takes bytes of what may be read of all candidates of this image. @returns false when there are not so many left */
  readonly spend: (bytes: number) => boolean;
}

const bad = (fault: CandidateFault, why: string): Failure => ({ state: 'bad', fault, why: shown(why) });

const lost = (why: string): Failure => ({
  state: 'bad',
  fault: 'unreadable',
  why: shown(why),
  isLost: true,
});

/** R25: whoever chose the content may have chosen slow content, so that it does not come excuses nothing. */
const notExcusable = (why: RegistryFailure): Failure => {
  const { excusable: _, ...failure } = why;
  return { state: 'unavailable', why: failure };
};

const readWhat = async (
  { parts, place, reading }: CandidateRead,
  wanted: ContentWanted,
  what: string,
): Promise<Uint8Array | Failure> => {
  const answer = await readContent(parts, place, wanted, reading);
  if (answer.state === 'absent') return lost(`${what} is not there`);
  if (answer.state === 'known') return answer.value;
  const { kind, unreadable, why } = answer.why;
  if (kind === 'limit') return bad('limit', why);
  return unreadable === true ? lost(`${what}: ${why}`) : notExcusable(answer.why);
};

/** A layer that is read, in a form that counts. */
export interface WantedLayer {
  readonly layer: CandidateLayerDescriptor;
  readonly form: LayerForm;
  readonly limit: number;
}
const wantedOf = (
  { layers, artifactType = '' }: CandidateManifest,
  { bytes }: CandidateBounds,
): readonly WantedLayer[] =>
  layers.flatMap((layer) => {
    // Clients that attach a file may call its layer anything; the type of the whole says what it is.
    const isList = formOf(artifactType) === 'package-list';
    const form = isList ? 'package-list' : formOf(layer.mediaType);
    const limit = form === undefined ? undefined : bytes[form];
    return form === undefined || limit === undefined ? [] : [{ layer, form, limit }];
  });

const readLayer = async (
  job: CandidateRead,
  { layer, form, limit }: WantedLayer,
): Promise<CandidateLayer | Failure> => {
  const { digest, size, mediaType, annotations } = layer;
  if (size > limit) return bad('limit', `a layer has ${size} bytes, at most ${limit} are read`);
  const bytes = await readWhat(job, { stage: 'blob', digest, size, limit }, 'a layer');
  return 'state' in bytes ? bytes : { form, mediaType, annotations, bytes };
};

/** The layers that could be read, and why others could not; `left`: others before them have used up what is read. */
export const readLayers = async (
  job: CandidateRead,
  wanted: readonly WantedLayer[],
): Promise<
  { readonly layers: readonly CandidateLayer[]; readonly failures: readonly Failure[] } | 'left'
> => {
  // Layers over their limit are not read.
  const sizes = wanted.map(({ layer, limit }) => (layer.size > limit ? 0 : layer.size));
  if (!job.spend(sizes.reduce((sum, size) => sum + size, 0))) return 'left';
  const read = await mapLimit(wanted, job.parts.limits.childrenAtOnce, (layer) => readLayer(job, layer));
  return {
    layers: read.flatMap((layer) => ('state' in layer ? [] : [layer])),
    failures: read.flatMap((layer) => ('state' in layer ? [layer] : [])),
  };
};

/**
 * Reads one candidate: its manifest, which alone says what it is, and its layers. cosign 2 adds a layer at the end with each
 * signature, so the last ones are read where there are too many.
 */
export const readCandidate = async (job: CandidateRead, candidate: Candidate): Promise<ReadCandidate> => {
  const { parts, subject, bounds, spend } = job;
  const { digest, size = 0 } = candidate;
  // The size is a hint, and the digest says which bytes these are. Attack: a second descriptor of a good candidate that lies
  // about its size (S2).
  const expected = Math.min(size, parts.limits.manifestBytes);
  if (!spend(expected)) return { state: 'left' };
  const bytes = await readWhat(job, { stage: 'manifest', digest }, 'its manifest');
  if ('state' in bytes) return bytes;
  if (!spend(Math.max(0, bytes.length - expected))) return { state: 'left' };
  await parts.eventLoop.before(bytes.length);
  const manifest = readCandidateManifest(bytes, parts.limits);
  if (!manifest.ok)
    return bad(
      manifest.error.kind === 'limit' ? 'limit' : 'unreadable',
      `its manifest: ${manifest.error.why}`,
    );
  const hasTag = isTagged(candidate);
  const wanted = wantedOf(manifest.value, bounds);
  if (wanted.length === 0)
    return hasTag
      ? bad('unreadable', 'no layer of it is a signature or an attestation')
      : { state: 'foreign' };
  const refers = manifest.value.subject === subject;
  const last = wanted.slice(-parts.limits.candidateLayers);
  // A bare statement counts by who signed the manifest that refers to the image, or the index that lists it.
  const statements = last.filter(({ form }) => form === 'statement' && (refers || isInIndex(candidate)));
  const signed = last.filter(
    ({ form }) => form !== 'statement' && (refers || (hasTag && form !== 'package-list')),
  );
  if (statements.length + signed.length === 0)
    return bad('mismatch', 'its manifest does not refer to this image');
  const read = await readLayers(job, signed);
  if (read === 'left') return { state: 'left' };
  return { state: 'read', ...read, statements, left: wanted.length - last.length };
};
