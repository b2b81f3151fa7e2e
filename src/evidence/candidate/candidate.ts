import { formOf } from '../../core/facts/candidate-form.ts';
import type { CandidateSource, ListedSource } from '../../core/facts/claim.ts';
import type { Digest } from '../../core/image/digest.ts';
import { attestationManifestType, referenceAnnotation } from '../../core/oci/attestation-manifest.ts';
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

/** Whether the named index lists it, so that it need not refer to the image: who signed the index signed that it is there. */
export const isInIndex = ({ sources }: Candidate): boolean => sources.includes('index');

/** By what its manifest may speak for the image: the same in all sources that count for this. */
export const standingOf = (candidate: Candidate): string =>
  `${isTagged(candidate) ? 'tag' : 'referrer'}${isInIndex(candidate) ? ' index' : ''}`;

/** What comes first among the candidates. */
export interface Preference {
  /** The image that they have to speak for. */
  readonly about: Digest;
  /** The tag that holds such candidates alone. */
  readonly tag: ListedSource;
  /** Whether bare statements are sought too. */
  readonly takesStatements: boolean;
  readonly predicateTypes: readonly string[];
}

/** Beside a bundle (cosign 3, GitHub) and beside a bare statement (Docker, Defender); neither is believed. */
const predicateAnnotation = 'dev.sigstore.bundle.predicateType';
const statementAnnotation = 'in-toto.io/predicate-type';
/** What registries and clients write where a manifest has no `artifactType`: cosign 3 under the fallback tag. */
export const saysNothing: ReadonlySet<string> = new Set([
  'application/vnd.oci.empty.v1+json',
  'application/vnd.oci.image.config.v1+json',
]);
/** The predicate type that is named beside a candidate or a layer; nobody signed that. */
export const predicateHint = ({ annotations }: Pick<Candidate, 'annotations'>): string | undefined =>
  annotations?.[predicateAnnotation] ?? annotations?.[statementAnnotation];
const claimsForm = (artifactType: string): boolean => {
  const form = formOf(artifactType);
  return (
    (form !== undefined && form !== 'package-list') || artifactType.startsWith('application/vnd.dev.cosign.')
  );
};
const claimsStatement = (artifactType: string): boolean =>
  formOf(artifactType) === 'statement' || artifactType === attestationManifestType;

/**
 * Whether the index says that it is about another of its images. A hint too: what it holds says what it is about. Where
 * another source names it for this image, the word of the index alone does not put it off.
 */
export const isAboutAnother = ({ sources, annotations }: Candidate, about: Digest): boolean => {
  const reference = annotations?.[referenceAnnotation];
  return sources.every((source) => source === 'index') && reference !== undefined && reference !== about;
};

/** Behind what is signed by itself: to find out who signed a bare statement takes more requests. */
const statementRank = (
  candidate: Candidate,
  { about, takesStatements, predicateTypes }: Preference,
): number => {
  if (!takesStatements || isAboutAnother(candidate, about)) return 5;
  const predicate = candidate.annotations?.[statementAnnotation];
  if (predicate === undefined || predicateTypes.includes(predicate)) return 2;
  return 4;
};

/** 0 comes first. A hint never leaves a candidate out: the descriptors of cosign 3 under the fallback tag are wrong. */
const rankOf = (candidate: Candidate, preference: Preference): number => {
  const { sources, artifactType = '', annotations } = candidate;
  const { tag, predicateTypes } = preference;
  // One candidate at most. Attack: push so many that name the type that is asked for, and a later time, that it is left.
  if (sources.includes(tag)) return 0;
  if (isInIndex(candidate) || claimsStatement(artifactType)) return statementRank(candidate, preference);
  const predicate = annotations?.[predicateAnnotation];
  if (predicate !== undefined) return predicateTypes.includes(predicate) ? 1 : 4;
  if (claimsForm(artifactType)) return 2;
  return artifactType === '' || saysNothing.has(artifactType) ? 3 : 5;
};

/** Whether it is named as a signature or an attestation, not as a thing of another kind or of none. */
export const claimsToSpeak = (candidate: Candidate, preference: Preference): boolean =>
  [0, 1, 2, 4].includes(rankOf(candidate, preference));

/** What comes first among signatures of an image, or of what holds a statement. */
export const signaturePreference = (about: Digest): Preference => ({
  about,
  tag: 'signature-tag',
  takesStatements: false,
  predicateTypes: ['https://sigstore.dev/cosign/sign/v1'],
});

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
