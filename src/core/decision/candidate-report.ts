import type {
  AttestationClaim,
  CandidateFault,
  CandidateSource,
  Carrier,
  Claim,
  ClaimCheck,
  ClaimCheckResult,
  RejectedCandidate,
  SignatureClaim,
  Signer,
} from '../facts/claim.ts';
import { shown, shownPublic } from '../text/shown-text.ts';

/** What one authority makes of a candidate. */
export interface AuthorityVerdict {
  readonly policy: string;
  /** `signature` or `attestation`; a second one of a policy is `signature 2`. */
  readonly check: string;
  readonly authority: string;
  readonly counts: boolean;
  readonly why?: string;
}

/** Times are RFC 3339; texts of strangers are escaped and cut. */
export interface CandidateReport {
  readonly digest: string;
  /** What it has to speak for. */
  readonly about: string;
  /** Present for an image behind an index. */
  readonly platform?: string;
  readonly says: 'signed' | 'attested';
  readonly form?: string;
  readonly sources: readonly CandidateSource[];
  readonly location: string;
  /** What was signed in the place of a bare statement. */
  readonly carrier?: Carrier;
  /** Absent where nobody is known to have signed it. */
  readonly signer?: SignerReport;
  readonly predicateType?: string;
  /** What SLSA provenance says: the word of the signer. */
  readonly provenance?: AttestationClaim['provenance'];
  /** The expressions that policies ask, and their results. */
  readonly expressions?: readonly { readonly text: string; readonly state: string; readonly why?: string }[];
  /** The name of the image in the signed bytes. */
  readonly name?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly times: readonly {
    readonly at: string;
    readonly from: string;
    readonly authority: string;
    readonly trustRoot: string;
  }[];
  readonly logs: readonly { readonly log: string; readonly trustRoot: string }[];
  /** Those that were made, or could have been; none is claimed that was not made (S13). */
  readonly checks: readonly ClaimCheckResult[];
  readonly authorities: readonly AuthorityVerdict[];
  /** Present where it says nothing that counts, whoever is asked for. */
  readonly rejected?: { readonly fault: CandidateFault; readonly why: string };
}

export type SignerReport =
  | { readonly kind: 'key'; readonly fingerprint: string }
  | {
      readonly kind: 'certificate';
      readonly names: readonly { readonly kind: string; readonly value: string }[];
      readonly subject: string;
      readonly issuer?: string;
      readonly fields: Readonly<Record<string, string>>;
      readonly trustRoot: string;
      readonly certificate: string;
      readonly anchor: string;
      readonly certificateLogs: readonly string[];
      readonly validity: { readonly from: string; readonly until: string };
    };

const timeText = (milliseconds: number): string => {
  const date = new Date(milliseconds);
  return Number.isNaN(date.getTime()) ? 'no date' : date.toISOString();
};

const shownValues = (texts: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(texts).flatMap(([key, text]) =>
      text === undefined ? [] : [[shown(key), shownPublic(text)]],
    ),
  );

const signerReport = (signer: Signer): SignerReport => {
  if (signer.kind === 'key') return { kind: 'key', fingerprint: signer.fingerprint };
  const { names, subject, issuer, fields, trustRoot, certificate, anchor, certificateLogs, validity } =
    signer;
  return {
    kind: 'certificate',
    names: names.map(({ kind, value }) => ({ kind, value: shownPublic(value) })),
    subject: shownPublic(subject),
    ...(issuer === undefined ? {} : { issuer: shownPublic(issuer) }),
    fields: shownValues(fields),
    trustRoot,
    certificate,
    anchor,
    certificateLogs: certificateLogs.map(shownPublic),
    validity: { from: timeText(validity.from), until: timeText(validity.until) },
  };
};

/** Those that every candidate could pass; a certificate has two more. */
const keyChecks: readonly ClaimCheck[] = ['signature', 'log', 'timestamp'];
const allChecks: readonly ClaimCheck[] = ['signature', 'certificate', 'certificate-log', 'log', 'timestamp'];

/** S13: a check that nobody asked for was not made, and that is said. */
const checkReports = (
  made: readonly ClaimCheckResult[],
  possible: readonly ClaimCheck[],
): readonly ClaimCheckResult[] =>
  allChecks.flatMap((check): readonly ClaimCheckResult[] => {
    const results = made.filter((one) => one.check === check);
    if (results.length === 0) return possible.includes(check) ? [{ check, outcome: 'not-made' }] : [];
    return results.map(({ outcome, why }) => ({
      check,
      outcome,
      ...(why === undefined ? {} : { why: shown(why) }),
    }));
  });

/** Of which image a candidate speaks, and in which of the two ways. */
export type About = Pick<CandidateReport, 'about' | 'platform' | 'says'>;

const provenanceReport = ({
  builder,
  sources,
  refs,
}: NonNullable<AttestationClaim['provenance']>): NonNullable<CandidateReport['provenance']> => ({
  ...(builder === undefined ? {} : { builder: shownPublic(builder) }),
  sources: sources.map(shownPublic),
  refs: refs.map(shownPublic),
});

const expressionReports = ({ expressions }: AttestationClaim): NonNullable<CandidateReport['expressions']> =>
  Object.entries(expressions).map(([text, result]) => ({
    text: shown(text),
    state: result.state,
    ...(result.state === 'error' ? { why: shown(result.why) } : {}),
  }));

const attestedReport = (claim: AttestationClaim): Partial<CandidateReport> => ({
  predicateType: shownPublic(claim.predicateType),
  ...(claim.carrier === undefined ? {} : { carrier: claim.carrier }),
  ...(claim.provenance === undefined ? {} : { provenance: provenanceReport(claim.provenance) }),
  ...(Object.keys(claim.expressions).length === 0 ? {} : { expressions: expressionReports(claim) }),
});

const signedReport = ({ name, annotations }: SignatureClaim): Partial<CandidateReport> => ({
  ...(name === undefined ? {} : { name: shown(name) }),
  ...(Object.keys(annotations).length === 0 ? {} : { annotations: shownValues(annotations) }),
});

export const claimReport = (
  claim: Claim,
  about: About,
  authorities: readonly AuthorityVerdict[],
): CandidateReport => ({
  digest: claim.candidate,
  ...about,
  form: claim.form,
  sources: claim.sources,
  location: claim.location,
  signer: signerReport(claim.signer),
  ...(claim.says === 'signed' ? signedReport(claim) : attestedReport(claim)),
  times: claim.times.map(({ at, from, authority, trustRoot }) => ({
    at: timeText(at),
    from,
    authority: shownPublic(authority),
    trustRoot,
  })),
  logs: claim.logs.map(({ log, trustRoot }) => ({ log: shownPublic(log), trustRoot })),
  checks: checkReports(claim.checks, claim.signer.kind === 'key' ? keyChecks : allChecks),
  authorities,
});

export const rejectedReport = (rejected: RejectedCandidate, about: About): CandidateReport => ({
  digest: rejected.candidate,
  ...about,
  ...(rejected.form === undefined ? {} : { form: rejected.form }),
  sources: rejected.sources,
  location: rejected.location,
  times: [],
  logs: [],
  checks: checkReports(rejected.checks, keyChecks),
  authorities: [],
  rejected: { fault: rejected.fault, why: shown(rejected.why) },
});
