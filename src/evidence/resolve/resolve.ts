import type { Clock } from '../../concurrency/clock.ts';
import {
  absent,
  known,
  unavailable,
  unavailableBy,
  type Fact,
  type Unavailable,
} from '../../core/facts/fact.ts';
import { shown, shownName } from '../../core/text/shown-text.ts';
import type { AccessGrants } from '../cache/access-grants.ts';
import type { CredentialOffers } from '../credential/credential-offers.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { CredentialOffer, Credential, RegistryFailure, Repository } from '../ports.ts';
import { spent, unavailableText } from '../text/unavailable-text.ts';
import type { AskRegistry, Target } from './ask-registry.ts';
import {
  cut,
  haveAllLooked,
  isOutage,
  noLoginWhy,
  outagesIn,
  triedOf,
  type Attempt,
  type ResolvedImage,
  type UsedAttempt,
} from './attempts.ts';
import type { Reading } from './read-budget.ts';

export interface Resolution {
  readonly manifest: Fact<ResolvedImage>;
  /** The result of each credential, for people. */
  readonly tried: readonly string[];
}

export type Resolve = (
  target: Target,
  credentials: CredentialOffers,
  reading: Reading,
) => Promise<Resolution>;

interface ResolveParts {
  readonly askRegistry: AskRegistry;
  readonly grants: AccessGrants;
  readonly clock: Clock;
  readonly limits: EvidenceLimits;
}

/** The failure that ended the search, and the credential that met it. */
interface Cause {
  readonly failure: RegistryFailure;
  readonly source: string;
}

/**
 * R25: whether the login itself may be the cause of the outage. Users of the namespace write its secrets. Some registries
 * answer an odd byte or a long text in a login with a 500, or close the connection. Attack: a Pod names such a secret first
 * and a good one after it. The gate sees an outage, `onUnavailable: Warn` lets the Pod in, and the kubelet pulls with the
 * good one.
 */
const mayBeItsLogin = ({ kind }: Credential, failure: RegistryFailure): boolean =>
  (kind === 'pull-secret' || kind === 'service-account') &&
  failure.kind === 'unreachable' &&
  failure.stage !== 'connect' &&
  failure.stage !== 'address';

/**
 * Whether another credential may succeed. A token server may not understand this credential, or may not be allowed to see
 * it, and accept the next one. A registry that lies, or that has a forbidden address, fails for every credential.
 */
const concernsCredential = ({ kind, stage }: RegistryFailure): boolean =>
  stage === 'token' && (kind === 'invalid' || kind === 'refused');

/** A Pod may name any number of secrets. Each is a line of output, and each readable one costs requests (B9). */
const maxShown = 64;

/** Chooses the credentials to try: each credential once, and at most `most` of them. */
const createSelect = (most: number) => {
  const keys = new Set<string>();
  let isCut = false;
  /** @returns the credential to try, or the attempts to show for one that is not tried */
  return (offered: CredentialOffer | 'timed-out'): Credential | readonly Attempt[] => {
    if (offered === 'timed-out') return [{ outcome: offered }];
    if (offered.state === 'missing') return [{ ...offered, outcome: 'missing' }];
    const { credential } = offered;
    if (keys.has(credential.key)) return [];
    // The anonymous one comes last and does not count: a public image can be pulled, whatever secrets a Pod names.
    if (keys.size < most || credential.kind === 'anonymous') {
      keys.add(credential.key);
      return credential;
    }
    const shownCut = isCut ? [] : [cut];
    isCut = true;
    return shownCut;
  };
};

const noCredentialInTime = ({ host }: Repository, milliseconds: number): Unavailable => ({
  what: shown(`${shownName(host)}: credentials`),
  why: `the next credential was not at hand before the deadline, ${spent(milliseconds)}`,
  remedy:
    'try again; if it stays, look at what gives the credentials out: the API server, a helper program, or the identity service of the cloud',
});

/** Why no credential reached the manifest. @param cause - the failure that ended the search early */
const unresolved = (
  { repository }: Target,
  attempts: readonly Attempt[],
  cause: Cause | undefined,
  milliseconds: number,
): Fact<never> => {
  if (cause !== undefined) return unavailableBy(unavailableText(cause.failure, cause.source, milliseconds));
  if (attempts.at(-1)?.outcome === 'timed-out')
    return unavailableBy(noCredentialInTime(repository, milliseconds));
  const what = shown(`${shownName(repository.host)}: manifest`);
  if (attempts.length === 0) return unavailable(what, 'there is no credential to ask with');
  if (haveAllLooked(attempts)) return absent;
  return unavailableBy({ what, ...noLoginWhy(attempts, milliseconds) });
};

/**
 * The cached result of a credential. Without an outage it counts for a short time; in an outage, for as long as an outage
 * may last. The bytes of a digest cannot change, so only a tag becomes stale.
 */
const readBefore = (
  { grants, limits }: ResolveParts,
  { repository, name }: Target,
  credential: Credential,
  outage: Cause | undefined,
): UsedAttempt | undefined => {
  const account = { repository, credential: credential.key };
  const isTag = 'tag' in name;
  const tagged = isTag ? grants.tagged(account, name.tag) : undefined;
  const digest = isTag ? tagged?.digest : name.digest;
  const age = isTag ? tagged?.age : grants.readAgo(account, name.digest);
  if (digest === undefined || age === undefined) return undefined;
  const resolved = { image: { ...repository, digest }, credential };
  if (outage === undefined) {
    const isFresh = age <= (isTag ? limits.tagTime : limits.accessTime);
    return isFresh ? { outcome: 'used', credential, resolved } : undefined;
  }
  const stale = { ...resolved, outage: outage.failure, ...(isTag ? { staleFor: age } : {}) };
  return { outcome: 'used', credential, resolved: stale, age };
};

/** The cached result of one of the credentials that got no answer. */
const standIn = (
  parts: ResolveParts,
  target: Target,
  attempts: readonly Attempt[],
  outage: Cause,
): UsedAttempt | undefined => {
  for (const { credential } of outagesIn(attempts)) {
    const before = readBefore(parts, target, credential, outage);
    if (before !== undefined) return before;
  }
  return undefined;
};

/** @returns the failure when it ends the search, undefined when other credentials may be asked */
const endingOf = (attempt: Attempt): Cause | undefined => {
  if (attempt.outcome !== 'failed') return undefined;
  const { credential, failure } = attempt;
  const others = isOutage(failure) ? mayBeItsLogin(credential, failure) : concernsCredential(failure);
  return others ? undefined : { failure, source: credential.source };
};

/** The attempts in order. When the last one has not reached the manifest, `cause` is what ended the search early. */
interface Search {
  readonly attempts: readonly Attempt[];
  readonly cause?: Cause | undefined;
}

/** When only logins got no answer, the cause may be the logins and not the registry (R25). */
const suspectLogins = (parts: ResolveParts, target: Target, attempts: readonly Attempt[]): Search => {
  const [doubted] = outagesIn(attempts);
  if (doubted === undefined) return { attempts };
  const { excusable: _, ...failure } = doubted.failure;
  const remedy = 'look at this login: only with it is the registry known to fail';
  const cause = { failure: { ...failure, remedy }, source: doubted.credential.source };
  const old = standIn(parts, target, attempts, cause);
  return old === undefined ? { attempts, cause } : { attempts: [...attempts, old] };
};

/** Ends the search after a failure of the registry itself: in an outage with a cached result, else with the failure. */
const endAfter = (
  parts: ResolveParts,
  target: Target,
  attempts: readonly Attempt[],
  cause: Cause | undefined,
): Search | undefined => {
  if (cause === undefined) return undefined;
  if (!isOutage(cause.failure)) return { attempts, cause };
  const old = standIn(parts, target, attempts, cause);
  return old === undefined ? undefined : { attempts: [...attempts, old] };
};

/** Tries the credentials in order. After an outage only their cached results are used. */
const search = async (
  parts: ResolveParts,
  target: Target,
  credentials: CredentialOffers,
  reading: Reading,
): Promise<Search> => {
  const attempts: Attempt[] = [];
  const select = createSelect(parts.limits.credentials);
  let outage: Cause | undefined;
  for (let index = 0; ; index++) {
    const offered = await credentials.at(index);
    if (offered === undefined) break;
    if (attempts.length >= maxShown) return { attempts: [...attempts, cut], cause: outage };
    const next = select(offered);
    if ('length' in next) {
      attempts.push(...next);
      if (offered === 'timed-out') break;
      continue;
    }
    const before = readBefore(parts, target, next, outage);
    if (before !== undefined) return { attempts: [...attempts, before] };
    if (outage !== undefined) continue;
    const attempt = await parts.askRegistry(target, next, reading);
    attempts.push(attempt);
    if (attempt.outcome === 'used') return { attempts };
    outage = endingOf(attempt);
    const end = endAfter(parts, target, attempts, outage);
    if (end !== undefined) return end;
  }
  return outage === undefined ? suspectLogins(parts, target, attempts) : { attempts, cause: outage };
};

/**
 * Finds the manifest that a name stands for, and the credential of the caller that may read it. Credentials are tried in
 * order. After `denied` and `absent` the next one is tried, and also after an outage that a login of the namespace may have
 * caused. After any other outage only cached results are used. Every other failure ends the search. The image is `absent`
 * only when every credential has looked.
 */
export const createResolve =
  (parts: ResolveParts): Resolve =>
  async (target, credentials, reading) => {
    const began = parts.clock.monotonic();
    const { attempts, cause } = await search(parts, target, credentials, reading);
    const last = attempts.at(-1);
    const manifest =
      last?.outcome === 'used'
        ? known(last.resolved)
        : unresolved(target, attempts, cause, parts.clock.monotonic() - began);
    return { manifest, tried: triedOf(attempts) };
  };
