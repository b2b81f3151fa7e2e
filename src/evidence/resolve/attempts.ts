import type { Unavailable } from '../../core/facts/fact.ts';
import type { PinnedImage } from '../../core/image/pinned-image.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { Credential, CredentialKind, RegistryFailure } from '../ports.ts';
import { noLoginText, type LoginFault } from '../text/no-login-text.ts';
import { age, outcome, shownSource } from '../text/unavailable-text.ts';

/** The manifest that a name stands for. A credential of the caller has read it, which proves that the caller may. */
export interface ResolvedImage {
  readonly image: PinnedImage;
  readonly credential: Credential;
  /** Present when the bytes were read, or found in the cache, just now. */
  readonly bytes?: Uint8Array;
  /** Present when a cached digest of the tag is used in an outage: its age in milliseconds. */
  readonly staleFor?: number;
  /** Present in an outage. Then providers must not ask this registry either. */
  readonly outage?: RegistryFailure;
}

/** The credential reached the manifest. `age`: it read it so many milliseconds ago, and the registry is in an outage. */
export interface UsedAttempt {
  readonly outcome: 'used';
  readonly credential: Credential;
  readonly resolved: ResolvedImage;
  readonly age?: number;
}

/**
 * The result of one credential. `cut`: there were more credentials than are tried. `timed-out`: the next credential was
 * not known before the deadline.
 */
export type Attempt =
  | {
      readonly outcome: 'missing';
      readonly kind: CredentialKind;
      readonly source: string;
      readonly why: string;
      /** Shown only when no other credential reaches the image. */
      readonly aside?: true;
    }
  | { readonly outcome: 'absent'; readonly credential: Credential }
  | { readonly outcome: 'denied'; readonly credential: Credential; readonly failure?: RegistryFailure }
  | { readonly outcome: 'failed'; readonly credential: Credential; readonly failure: RegistryFailure }
  | UsedAttempt
  | { readonly outcome: 'cut' }
  | { readonly outcome: 'timed-out' };

export const cut = { outcome: 'cut' } as const;

const resultOf = (
  attempt: Exclude<Attempt, { readonly outcome: 'missing' | 'cut' | 'timed-out' }>,
): string => {
  switch (attempt.outcome) {
    case 'absent':
      return 'not found';
    case 'denied':
      return 'denied';
    case 'failed':
      return outcome[attempt.failure.kind];
    case 'used':
      return attempt.age === undefined ? 'used' : `used, as it was ${age(attempt.age)} ago`;
    default:
      return attempt satisfies never;
  }
};

const textOf = (attempt: Exclude<Attempt, { readonly outcome: 'timed-out' }>): string => {
  if (attempt.outcome === 'cut') return 'too many credentials: the rest was not tried';
  if (attempt.outcome === 'missing') return shown(`${shownSource(attempt.source)}: ${attempt.why}`);
  return `${shownSource(attempt.credential.source)}: ${resultOf(attempt)}`;
};

/** For people, in the order tried. */
export const triedOf = (attempts: readonly Attempt[]): readonly string[] => {
  const hasReached = attempts.at(-1)?.outcome === 'used';
  return attempts.flatMap((attempt) => {
    if (attempt.outcome === 'timed-out') return [];
    return hasReached && attempt.outcome === 'missing' && attempt.aside === true ? [] : [textOf(attempt)];
  });
};

/** Whether the registry did not answer, for whatever cause. Then a cached result may be used. */
export const isOutage = ({ kind }: RegistryFailure): boolean =>
  kind === 'unreachable' || kind === 'timeout' || kind === 'paced' || kind === 'busy';

type FailedAttempt = Extract<Attempt, { readonly outcome: 'failed' }>;
export const outagesIn = (attempts: readonly Attempt[]): readonly FailedAttempt[] =>
  attempts.filter(
    (attempt): attempt is FailedAttempt => attempt.outcome === 'failed' && isOutage(attempt.failure),
  );

/** Whether this credential could not look. Then "not there" is not known. */
const isBlind = (attempt: Attempt): boolean => {
  switch (attempt.outcome) {
    case 'missing':
    case 'cut':
    case 'timed-out':
      return true;
    case 'denied':
      return attempt.credential.kind !== 'anonymous';
    case 'failed':
      return !isOutage(attempt.failure);
    case 'absent':
    case 'used':
      return false;
    default:
      return attempt satisfies never;
  }
};

/**
 * Whether every credential has looked, and the image is not there. A refusal of the anonymous request does not matter when
 * a login was accepted.
 */
export const haveAllLooked = (attempts: readonly Attempt[]): boolean => {
  if (attempts.some(isBlind)) return false;
  const isLogin = ({ kind }: Credential): boolean => kind !== 'anonymous';
  return (
    !attempts.some(({ outcome }) => outcome === 'denied') ||
    attempts.some((attempt) => attempt.outcome === 'absent' && isLogin(attempt.credential))
  );
};

/** The cause why no credential could look. */
export const noLoginWhy = (attempts: readonly Attempt[], milliseconds: number): Omit<Unavailable, 'what'> => {
  const faults = attempts.flatMap((attempt): readonly LoginFault[] => {
    if (attempt.outcome === 'missing') return attempt.aside === true ? [] : [attempt];
    if (attempt.outcome !== 'denied' && attempt.outcome !== 'failed') return [];
    const { credential, failure } = attempt;
    const { kind, source } = credential;
    return [{ kind, source, ...(failure === undefined ? {} : { failure }) }];
  });
  return noLoginText(faults, milliseconds);
};
