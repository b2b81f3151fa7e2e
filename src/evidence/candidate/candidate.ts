import { formOf } from '../../core/facts/candidate-form.ts';
import type { CandidateSource } from '../../core/facts/claim.ts';
import type { Digest } from '../../core/image/digest.ts';
import { readTime, createdAnnotation } from '../../core/oci/time.ts';

/** Something that may speak for an image, as its sources name it. Everything but the digest is a hint. */
export interface Candidate {
  readonly digest: Digest;
  readonly sources: readonly CandidateSource[];
  readonly size?: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Whether it stands under a tag that names the image, so that it need not refer to it. */
export const isTagged = ({ sources }: Candidate): boolean =>
  sources.some((source) => source === 'signature-tag' || source === 'attestation-tag');

/** What comes first among the candidates. */
export interface Preference {
  /** The tag that holds such candidates alone. */
  readonly tag: CandidateSource;
  readonly predicateTypes: readonly string[];
}

/** cosign 3 and GitHub write it; it is not signed. */
const predicateAnnotation = 'dev.sigstore.bundle.predicateType';
/** What registries and clients write where a manifest has no `artifactType`: cosign 3 under the fallback tag. */
const saysNothing: ReadonlySet<string> = new Set([
  'application/vnd.oci.empty.v1+json',
  'application/vnd.oci.image.config.v1+json',
]);
const claimsForm = (artifactType: string): boolean =>
  formOf(artifactType) !== undefined || artifactType.startsWith('application/vnd.dev.cosign.');

/** 0 comes first. A hint never leaves a candidate out: the descriptors of cosign 3 under the fallback tag are wrong. */
const rankOf = (
  { sources, artifactType = '', annotations }: Candidate,
  { tag, predicateTypes }: Preference,
): number => {
  // One candidate at most. Attack: push so many that name the type that is asked for, and a later time, that it is left.
  if (sources.includes(tag)) return 0;
  const predicate = annotations?.[predicateAnnotation];
  if (predicate !== undefined) return predicateTypes.includes(predicate) ? 1 : 4;
  if (claimsForm(artifactType)) return 2;
  return artifactType === '' || saysNothing.has(artifactType) ? 3 : 5;
};

/** Whether it is named as a signature or an attestation, not as a thing of another kind or of none. */
export const claimsToSpeak = (candidate: Candidate, preference: Preference): boolean =>
  [0, 1, 2, 4].includes(rankOf(candidate, preference));

const timeOf = ({ annotations }: Candidate): number => readTime(annotations?.[createdAnnotation]) ?? 0;

/** By what their sources say of them: the likely ones first, then the newest. Lists grow at their end. */
export const candidatesInOrder = (
  candidates: readonly Candidate[],
  preference: Preference,
): readonly Candidate[] =>
  candidates
    .map((candidate, at) => ({ candidate, at, rank: rankOf(candidate, preference), time: timeOf(candidate) }))
    .sort((one, other) => one.rank - other.rank || other.time - one.time || other.at - one.at)
    .map(({ candidate }) => candidate);
