import type { CheckSituation, ClaimStanding, EvidenceCheck } from '../checks/check.ts';
import type { CandidateSource, Claim, ClaimFacts, SourceState, SubjectClaims } from '../facts/claim.ts';
import type { FactOf, KindId } from '../facts/evidence-kind.ts';
import { factOf, type ImageEvidence } from '../facts/image-evidence.ts';
import { attestationKind, signatureKind } from '../facts/signature-kind.ts';
import { formatPlatform } from '../oci/platform.ts';
import type { CompiledPolicy } from '../policy-set/compiled-policy.ts';
import { acceptsAge } from '../policy-set/needs.ts';
import { shown } from '../text/shown-text.ts';
import {
  claimReport,
  rejectedReport,
  type About,
  type AuthorityVerdict,
  type CandidateReport,
} from './candidate-report.ts';
import type { Decision, EvidenceTrail, JudgedImage } from './decision.ts';
import type { Finding } from './finding.ts';
import { isUninformed } from './judge-evidence.ts';

/** `invalid`: it is not what was asked for. `unknown`: nobody could look everywhere, and what was found is not enough. */
export type VerificationVerdict = 'valid' | 'invalid' | 'unknown';

/** A place where candidates were looked for. */
export interface SourceReport {
  readonly about: string;
  readonly says: 'signed' | 'attested';
  readonly source: CandidateSource;
  readonly location: string;
  readonly state: 'known' | 'absent' | 'unavailable';
  readonly why?: string;
}

/** One check of a policy, and which of its authorities have what they ask for. */
export interface CheckReport {
  readonly policy: string;
  /** `signature` or `attestation`; a second one of a policy is `signature 2`. */
  readonly check: string;
  readonly met: boolean;
  /** Each with the digests of the candidates that satisfy it. */
  readonly authorities: readonly { readonly name: string; readonly candidates: readonly string[] }[];
}

/** What `verify` found out about one image: all candidates with all checks, and what the policies make of them. */
export interface ImageVerification {
  readonly apiVersion: 'imagegate.dev/v1alpha1';
  readonly kind: 'ImageVerification';
  readonly time: string;
  readonly image: Omit<JudgedImage, 'path' | 'evidence'> & Partial<Pick<EvidenceTrail, 'tried' | 'staleFor'>>;
  readonly verdict: VerificationVerdict;
  readonly checks: readonly CheckReport[];
  readonly candidates: readonly CandidateReport[];
  readonly sources: readonly SourceReport[];
  /** Candidates that were not read, because there are too many. */
  readonly left: number;
  readonly findings: readonly Finding[];
  readonly versions: Readonly<Record<string, string>>;
}

/** One check of a policy on facts that are known. */
interface AskedCheck {
  readonly policy: string;
  /** {@link CheckReport.check} */
  readonly check: string;
  readonly authorities: readonly string[];
  readonly standings: readonly ClaimStanding[];
  readonly isMet: boolean;
}

const verdictsOn = (claim: Claim, asked: readonly AskedCheck[]): readonly AuthorityVerdict[] =>
  asked.flatMap(({ policy, check, standings }) =>
    standings
      .filter((standing) => standing.claim === claim)
      .map(({ authority, why }) => ({
        policy,
        check,
        authority,
        counts: why === undefined,
        ...(why === undefined ? {} : { why }),
      })),
  );

interface FoundClaims {
  readonly says: About['says'];
  readonly facts: ClaimFacts<Claim>;
}

const foundIn = (evidence: ImageEvidence | undefined): readonly FoundClaims[] => {
  if (evidence === undefined) return [];
  const signatures = factOf(evidence, signatureKind);
  const attestations = factOf(evidence, attestationKind);
  return [
    ...(signatures.state === 'known' ? [{ says: 'signed', facts: signatures.value } as const] : []),
    ...(attestations.state === 'known' ? [{ says: 'attested', facts: attestations.value } as const] : []),
  ];
};

interface FoundSubject {
  readonly about: About;
  readonly subject: SubjectClaims<Claim>;
}

const subjectsIn = ({ says, facts }: FoundClaims): readonly FoundSubject[] => [
  { about: { about: facts.named.digest, says }, subject: facts.named },
  ...facts.platforms.map((subject) => {
    const { digest, platform } = subject;
    const name = platform === undefined ? {} : { platform: shown(formatPlatform(platform)) };
    return { about: { about: digest, ...name, says }, subject };
  }),
];

/** A second check of its kind in a policy is told from the first one. */
const checkName = ({ evidence }: CompiledPolicy, check: EvidenceCheck): string => {
  const before = evidence.slice(0, evidence.indexOf(check)).filter(({ id }) => id === check.id).length;
  return before === 0 ? check.id : `${check.id} ${String(before + 1)}`;
};

const ask = (
  policy: CompiledPolicy,
  check: EvidenceCheck,
  evidence: ImageEvidence | undefined,
  situation: CheckSituation,
): AskedCheck => {
  const { authorities = [] } = check;
  const asked = { policy: policy.name, check: checkName(policy, check), authorities };
  const fact = evidence === undefined ? undefined : factOf(evidence, check.need.kind);
  // What could not be looked at meets nothing.
  if (evidence === undefined || fact?.state !== 'known') return { ...asked, standings: [], isMet: false };
  const facts: FactOf<KindId> = fact.value;
  return {
    ...asked,
    standings: check.standings?.(facts, situation) ?? [],
    isMet:
      acceptsAge(policy, evidence) && check.rules.every((rule) => rule.judge(facts, situation).length === 0),
  };
};

const checkReport = ({ policy, check, authorities, standings, isMet }: AskedCheck): CheckReport => ({
  policy,
  check,
  met: isMet,
  authorities: authorities.map((name) => {
    const counting = standings.filter(({ authority, why }) => authority === name && why === undefined);
    return { name, candidates: [...new Set(counting.map(({ claim }) => claim.candidate))].sort() };
  }),
});

/** What counts first, and then by digest: candidates are read side by side, and their order must not depend on that. */
const candidateReports = (
  { about, subject }: FoundSubject,
  asked: readonly AskedCheck[],
): readonly CandidateReport[] => {
  const claims = subject.claims.map((claim) => claimReport(claim, about, verdictsOn(claim, asked)));
  const rejected = subject.rejected.map((one) => rejectedReport(one, about));
  const rankOf = ({ authorities, rejected: bad }: CandidateReport): number => {
    if (authorities.some(({ counts }) => counts)) return 0;
    return bad === undefined ? 1 : 2;
  };
  return [...claims, ...rejected].sort(
    (one, other) =>
      rankOf(one) - rankOf(other) || (one.digest < other.digest ? -1 : Number(one.digest > other.digest)),
  );
};

/** Why nothing is known of what stands there, be it that nobody could look or that it cannot be read. */
const whyOf = (source: SourceState): Pick<SourceReport, 'why'> => {
  if (source.state === 'unavailable') return { why: shown(`${source.why.what}: ${source.why.why}`) };
  return source.state === 'known' && source.unread !== undefined ? { why: shown(source.unread) } : {};
};

const sourceReports = ({ about, subject }: FoundSubject): readonly SourceReport[] =>
  subject.sources.map((source) => ({
    about: about.about,
    says: about.says,
    source: source.source,
    location: source.location,
    state: source.state,
    ...whyOf(source),
  }));

/** Nothing is valid that no check was asked about, nor what one of them was not met by. */
const verdictOf = ({ findings }: Decision, asked: readonly AskedCheck[]): VerificationVerdict => {
  if (findings.length > 0) return findings.every(isUninformed) ? 'unknown' : 'invalid';
  return asked.length > 0 && asked.every(({ isMet }) => isMet) ? 'valid' : 'invalid';
};

const imageOf = ({ images: [judged], object }: Decision): ImageVerification['image'] => {
  if (judged === undefined) return { given: object.name ?? '' };
  const { path: _, evidence, ...image } = judged;
  const { claims: __, ...trail } = evidence ?? {};
  return { ...image, ...trail };
};

interface Verified {
  readonly decision: Decision;
  /** Absent: nobody looked. */
  readonly evidence: ImageEvidence | undefined;
  /** Those that were asked. */
  readonly policies: readonly CompiledPolicy[];
  readonly situation: CheckSituation;
}

/** The whole of what was found, beside the decision that it led to. */
export const imageVerification = ({
  decision,
  evidence,
  policies,
  situation,
}: Verified): ImageVerification => {
  const asked = policies.flatMap((policy) =>
    policy.evidence.map((check) => ask(policy, check, evidence, situation)),
  );
  const found = foundIn(evidence);
  const subjects = found.flatMap(subjectsIn);
  return {
    apiVersion: 'imagegate.dev/v1alpha1',
    kind: 'ImageVerification',
    time: decision.time,
    image: imageOf(decision),
    verdict: verdictOf(decision, asked),
    checks: asked.map(checkReport),
    candidates: subjects.flatMap((subject) => candidateReports(subject, asked)),
    sources: subjects.flatMap(sourceReports),
    left: subjects.reduce((sum, { subject }) => sum + subject.left, 0),
    findings: decision.findings,
    versions: decision.versions,
  };
};
