import type { Unavailable } from '../../core/facts/fact.ts';
import type { PinnedImage } from '../../core/image/pinned-image.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { Credential, CredentialKind, RegistryFailure } from '../ports.ts';
import { noLoginText, type LoginFault } from '../text/no-login-text.ts';
import { age, outcome, shownSource } from '../text/unavailable-text.ts';

/** The manifest that a name stands for, read by a credential of the caller: that is the proof that the caller may. */
export interface ResolvedImage {
  readonly image: PinnedImage;
  readonly credential: Credential;
  /** Present when it was read or found just now. */
  readonly bytes?: Uint8Array;
  /** Present when an older tag result stands in: its age in milliseconds. */
  readonly staleFor?: number;
  /** Why the registry was not asked: then nothing else may be asked of it either. */
  readonly outage?: RegistryFailure;
}

/** It reached the manifest. `age`: by what it had read so long ago, because the registry was not asked. */
export interface UsedAttempt {
  readonly outcome: 'used';
  readonly credential: Credential;
  readonly resolved: ResolvedImage;
  readonly age?: number;
}

/** What became of one credential. `cut`: there were more than are tried; `timed-out`: the next was not there at the deadline. */
export type Attempt =
  | {
      readonly outcome: 'missing';
      readonly kind: CredentialKind;
      readonly source: string;
      readonly why: string;
      /** Worth a line only when no other credential reaches the image. */
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

/** The registry did not answer, for whatever cause: a cached result may stand in. */
export const isOutage = ({ kind }: RegistryFailure): boolean =>
  kind === 'unreachable' || kind === 'timeout' || kind === 'paced' || kind === 'busy';

type FailedAttempt = Extract<Attempt, { readonly outcome: 'failed' }>;
export const outagesIn = (attempts: readonly Attempt[]): readonly FailedAttempt[] =>
  attempts.filter(
    (attempt): attempt is FailedAttempt => attempt.outcome === 'failed' && isOutage(attempt.failure),
  );

/** Whether a credential could not look: then nobody knows that the image is not there. */
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
 * Whether every credential has looked, and the image is not there. A registry that refuses requests without a credential
 * says nothing by that, once it has let a credential in.
 */
export const haveAllLooked = (attempts: readonly Attempt[]): boolean => {
  if (attempts.some(isBlind)) return false;
  const isLogin = ({ kind }: Credential): boolean => kind !== 'anonymous';
  return (
    !attempts.some(({ outcome }) => outcome === 'denied') ||
    attempts.some((attempt) => attempt.outcome === 'absent' && isLogin(attempt.credential))
  );
};

/** Why no credential could look. */
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
