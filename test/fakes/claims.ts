import { createHash, generateKeyPairSync } from 'node:crypto';
import type {
  AttestationClaim,
  CandidateFault,
  CertificateSigner,
  Claim,
  ClaimFacts,
  KeySigner,
  LogProof,
  PlatformClaims,
  RejectedCandidate,
  SignatureClaim,
  SourceState,
  SubjectClaims,
  TrustedTime,
} from '../../src/core/facts/claim.ts';
import type { Unavailable } from '../../src/core/facts/fact.ts';
import type { ImageEvidence } from '../../src/core/facts/image-evidence.ts';
import type { Digest } from '../../src/core/image/digest.ts';
import { day, digestOf, imageDigest, judgedAt } from './image-facts.ts';

const sha256 = (bytes: Uint8Array | string): Digest =>
  digestOf(`sha256:${createHash('sha256').update(bytes).digest('hex')}`);

/** A key as a policy holds it, and as a claim names it. */
export interface SigningKey {
  readonly pem: string;
  readonly signer: KeySigner;
}
export const signingKey = (): SigningKey => {
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const der = publicKey.export({ type: 'spki', format: 'der' });
  return {
    pem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    signer: { kind: 'key', spki: der.toString('base64'), fingerprint: sha256(der) },
  };
};

export const repository = 'registry.example.com/web';

/** When keyless signatures of the tests were made; their certificates are valid for ten minutes around it. */
export const signingTime = judgedAt - 10 * day;
const minute = 60_000;

export const githubIssuer = 'https://token.actions.githubusercontent.com';
export const releaseWorkflow = 'https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.2';

/** A certificate as Fulcio writes it for a workflow. */
export const keylessSigner = (more: Partial<CertificateSigner> = {}): CertificateSigner => ({
  kind: 'certificate',
  trustRoot: 'sigstore',
  certificate: sha256(JSON.stringify(more)),
  spki: sha256(`key ${JSON.stringify(more)}`),
  anchor: sha256('fulcio'),
  issuers: [sha256('fulcio intermediate'), sha256('fulcio')],
  names: [{ kind: 'uri', value: releaseWorkflow }],
  issuer: githubIssuer,
  certificateLogs: ['ct.example'],
  fields: { sourceRepositoryUri: 'https://github.com/acme/app', runnerEnvironment: 'github-hosted' },
  subject: '',
  validity: { from: signingTime - 5 * minute, until: signingTime + 5 * minute },
  ...more,
});

/** A certificate of a company, valid for a year around the time of the tests. */
export const companySigner = (more: Partial<CertificateSigner> = {}): CertificateSigner => {
  const { issuer: _, ...signer } = keylessSigner({
    trustRoot: 'partner',
    anchor: sha256('partner ca'),
    issuers: [sha256('partner ca')],
    names: [{ kind: 'email', value: 'release@partner.example' }],
    certificateLogs: [],
    fields: {},
    subject: 'CN=Release,O=Partner',
    validity: { from: judgedAt - 180 * day, until: judgedAt + 180 * day },
  });
  return { ...signer, spki: sha256(`company ${JSON.stringify(more)}`), ...more };
};

export const logProof = (log = 'rekor.example', trustRoot = 'sigstore'): LogProof => ({ log, trustRoot });
export const timeBy = (
  from: TrustedTime['from'],
  at = signingTime,
  more: Partial<TrustedTime> = {},
): TrustedTime => ({ trustRoot: 'sigstore', from, authority: `${from}.example`, at, ...more });

/** A valid keyless signature: logged, dated by the log, its certificate logged. */
export const keylessSignature = (
  signer: Partial<CertificateSigner> = {},
  more: Partial<SignatureClaim> = {},
): SignatureClaim =>
  signedBy(keylessSigner(signer), {
    form: 'bundle',
    sources: ['referrers'],
    logs: [logProof()],
    times: [timeBy('log')],
    checks: [
      { check: 'signature', outcome: 'passed' },
      { check: 'timestamp', outcome: 'not-made' },
    ],
    ...more,
  });

/** A valid signature of the image by this signer: nothing else was asked for. */
export const signedBy = (
  signer: KeySigner | CertificateSigner,
  more: Partial<SignatureClaim> = {},
): SignatureClaim => ({
  says: 'signed',
  candidate: sha256(JSON.stringify([signer, more])),
  form: 'simple-signing',
  sources: ['signature-tag'],
  location: repository,
  about: imageDigest,
  signer,
  signature: sha256(JSON.stringify(['signature', signer, more])),
  logs: [],
  times: [],
  checks: [
    { check: 'signature', outcome: 'passed' },
    { check: 'log', outcome: 'not-made' },
  ],
  annotations: {},
  ...more,
});

export const provenanceType = 'https://slsa.dev/provenance/v1';
/** A valid attestation of provenance by this signer. */
export const attestedBy = (
  signer: KeySigner | CertificateSigner,
  more: Partial<AttestationClaim> = {},
): AttestationClaim => {
  const { says: _, name: __, annotations: ___, ...base } = signedBy(signer);
  return {
    ...base,
    says: 'attested',
    candidate: sha256(JSON.stringify([signer, more])),
    signature: sha256(JSON.stringify(['attestation', signer, more])),
    form: 'dsse',
    sources: ['attestation-tag'],
    predicateType: provenanceType,
    expressions: {},
    ...more,
  };
};

export const rejectedFor = (
  fault: CandidateFault,
  more: Partial<RejectedCandidate> = {},
): RejectedCandidate => ({
  candidate: sha256(JSON.stringify([fault, more])),
  form: 'bundle',
  sources: ['referrers'],
  location: repository,
  fault,
  why: 'a test says so',
  checks: [],
  ...more,
});

export const source = (state: SourceState['state'], why?: Unavailable): SourceState => {
  const at = { source: 'referrers', location: repository } as const;
  return state === 'unavailable'
    ? { ...at, state, why: why ?? { what: 'registry.example.com', why: 'no answer', excusable: true } }
    : { ...at, state };
};

/** What was found about one digest: nothing, unless the test says more. */
export const claimsAbout = <C extends Claim = SignatureClaim>(
  more: Partial<SubjectClaims<C>> = {},
): SubjectClaims<C> => ({
  digest: imageDigest,
  claims: [],
  rejected: [],
  sources: [source('absent')],
  left: 0,
  ...more,
});

/** The same about an image behind the index; its claims are about its own digest. */
export const platformClaims = <C extends Claim = SignatureClaim>(
  platform: string,
  claims: readonly C[] = [],
  more: Partial<PlatformClaims<C>> = {},
): PlatformClaims<C> => {
  const [os = '', architecture = ''] = platform.split('/');
  const digest = sha256(platform);
  return {
    ...claimsAbout<C>({ claims: claims.map((claim) => ({ ...claim, about: digest })) }),
    digest,
    platform: { os, architecture },
    ...more,
  };
};

export const claimFacts = <C extends Claim = SignatureClaim>(
  named: Partial<SubjectClaims<C>> = {},
  more: Partial<ClaimFacts<C>> = {},
): ClaimFacts<C> => ({
  digest: imageDigest,
  repository,
  isIndex: (more.platforms ?? []).length > 0,
  named: claimsAbout(named),
  platforms: [],
  missingRoots: {},
  trustSnapshots: {},
  ...more,
});

export const attestationEvidence = (facts: ClaimFacts<AttestationClaim>): ImageEvidence => ({
  pinned: { state: 'known', value: imageDigest },
  facts: { attestation: { state: 'known', value: facts } },
  tried: ['anonymous: used'],
});
export const signatureEvidence = (facts: ClaimFacts<SignatureClaim>): ImageEvidence => ({
  pinned: { state: 'known', value: imageDigest },
  facts: { signature: { state: 'known', value: facts } },
  tried: ['anonymous: used'],
});
