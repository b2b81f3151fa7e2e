import type { PlatformChoice } from './image-facts.ts';
import type { AttestationClaim, Claim, SignatureClaim } from './claim.ts';

/** What claims are judged by, beside themselves. */
export interface ClaimSituation {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** The repository of the image that is judged, as `host/path`. */
  readonly repository: string;
}

/**
 * What one check still has to find. Reading candidates ends early when the demands of all checks are met, so a good
 * signature in front costs no look at the rest (S2: more candidates never turn a pass into a refusal).
 */
export interface ClaimDemand<C extends Claim> {
  /** Equal for equal demands, and for no others. */
  readonly key: string;
  /** Whether these claims about one digest are enough, whatever others there may be. */
  isMet(claims: readonly C[], about: ClaimSituation): boolean;
  /** Whether they are enough when there are no others: then nothing that is sought is missing in the lists. */
  isFound(claims: readonly C[], about: ClaimSituation): boolean;
  /** Present where time changes none of both: nothing that counts ends or grows too old. */
  readonly isTimeless?: true;
}

/** What checks ask about signatures or attestations of one image. Lists hold each thing once. */
export interface ClaimNeed<C extends Claim> {
  /** Keys of authorities: base64 of the DER SubjectPublicKeyInfo. */
  readonly keys: readonly string[];
  /** Names of trust roots. Certificates, log entries and timestamps are verified with each. */
  readonly trustRoots: readonly string[];
  /** Where candidates are looked for: `image`, or a template such as `sigs.example.com/{path}`. {@link locationOf} */
  readonly locations: readonly string[];
  /** `reference`: the named digest alone; else the images behind an index too. */
  readonly platforms: 'reference' | PlatformChoice;
  /** Whether a check judges what is named, be it an index: the images behind it do not make up for that. */
  readonly named: boolean;
  readonly demands: readonly ClaimDemand<C>[];
}

export type SignatureNeed = ClaimNeed<SignatureClaim>;

export interface AttestationNeed extends ClaimNeed<AttestationClaim> {
  /** Predicate types that a check asks for: a hint which candidates come first. */
  readonly predicateTypes: readonly string[];
  /** CEL expressions over the statement, each evaluated once a candidate of a type that it is asked for. */
  readonly expressions: readonly { readonly predicateType: string; readonly text: string }[];
}
