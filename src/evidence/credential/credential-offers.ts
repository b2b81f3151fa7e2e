import { untilAborted } from '../../concurrency/abort.ts';
import type { CredentialOffer, Keychain, PullContext, Repository } from '../ports.ts';

/** The credentials of one review for one repository. The keychain is asked once for all images, one credential at a time. */
export interface CredentialOffers {
  /** `undefined`: there are no more. `timed-out`: the deadline passed while the keychain was looking. */
  at(index: number): Promise<CredentialOffer | undefined | 'timed-out'>;
  close(): void;
}

/** @param signal - ends at the deadline: a keychain may wait for the API server or for a cloud */
export const createCredentialOffers = (
  keychain: Keychain,
  repository: Repository,
  context: PullContext | undefined,
  signal: AbortSignal,
): CredentialOffers => {
  const iterator = keychain.offers(repository, context, signal)[Symbol.asyncIterator]();
  const asked: Promise<CredentialOffer | undefined | 'timed-out'>[] = [];
  const next = async (): Promise<CredentialOffer | undefined> => {
    const { done, value } = await iterator.next();
    return done === true ? undefined : value;
  };
  return {
    at: (index) => (asked[index] ??= untilAborted(next(), signal, () => 'timed-out' as const)),
    close: () => {
      // Nobody awaits the end of the keychain, so its failure would be an unhandled rejection.
      iterator.return?.().then(undefined, () => {});
    },
  };
};
