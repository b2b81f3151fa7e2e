import type { Unavailable } from '../../core/facts/fact.ts';
import { shown } from '../../core/text/shown-text.ts';
import type { CredentialKind, RegistryFailure } from '../ports.ts';
import { remedyOf, shownSource, spent } from './unavailable-text.ts';

/** A login that could not be used or was refused, or the anonymous request that was refused. */
export interface LoginFault {
  readonly kind: CredentialKind;
  readonly source: string;
  /** Why it could not be had. */
  readonly why?: string;
  /** How the registry or its token server refused it. */
  readonly failure?: RegistryFailure;
}

type Cause = Omit<Unavailable, 'what'>;

const isMissing = ({ why }: LoginFault): boolean => why !== undefined;
const isLogin = ({ kind }: LoginFault): boolean => kind !== 'anonymous';

const nobodyKnows = {
  why: 'no credential could read it',
  remedy: 'give the Pod a pull secret that may read it, or the gate a login for this registry',
};

const missing = ({ source, why = '' }: LoginFault): Cause => ({
  why: `a login cannot be used: ${why}, in ${shownSource(source)}`,
  remedy:
    'correct this login: `imagegate registry login-test HOST` tries each, with --pull-secret FILE also one of the cluster',
});

/** 401 and 403, as opposed to a token server that answers nonsense or that we do not ask. */
const isDenied = (failure: RegistryFailure | undefined): boolean => (failure?.kind ?? 'denied') === 'denied';

const otherLogin =
  'give a login that may pull this repository: `imagegate registry login-test HOST --repository REPOSITORY` says what became of each';

const refused = ({ source, failure }: LoginFault): Cause => {
  const why = `${failure?.why ?? 'the registry denied it'}, with ${shownSource(source)}`;
  return failure === undefined || isDenied(failure)
    ? { why: `a login was refused: ${why}`, remedy: failure?.remedy ?? otherLogin }
    : { why: `a login could not be tried: ${why}`, remedy: remedyOf(failure) };
};

/** Registries give the same answer for a name that does not exist and for a private one. */
const hidden = ({ failure }: LoginFault): Cause =>
  failure === undefined || (isDenied(failure) && failure.remedy === undefined)
    ? {
        why: `it may not exist, or it needs a login: ${failure?.why ?? 'the registry denied it'}, without a credential`,
        remedy:
          'look whether the name is right; if it is, give the Pod a pull secret or the gate a login for this registry',
      }
    : { why: `${failure.why}, without a credential`, remedy: remedyOf(failure) };

/**
 * Why no credential could read an image, the first cause first: a configured login that could not be used, a login
 * that was refused, and then that the registry refuses anonymous requests.
 */
export const noLoginText = (faults: readonly LoginFault[], milliseconds: number): Cause => {
  const absentLogin = faults.find(isMissing);
  const refusedLogin = faults.find(isLogin);
  const [first] = faults;
  const cause =
    absentLogin !== undefined
      ? missing(absentLogin)
      : refusedLogin !== undefined
        ? refused(refusedLogin)
        : first === undefined
          ? nobodyKnows
          : hidden(first);
  return { ...cause, why: shown(`${cause.why}, ${spent(milliseconds)}`) };
};
