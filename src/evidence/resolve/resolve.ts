import type { Clock } from '../../concurrency/clock.ts';
import type { Unavailable } from '../../core/facts/fact.ts';
import { shown, shownName } from '../../core/text/shown-text.ts';
import type { AccessGrants } from '../cache/access-grants.ts';
import type { CandidateList } from '../credential/candidate-list.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { Candidate, Credential, RegistryFailure, Repository } from '../ports.ts';
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

export type Resolution = { readonly tried: readonly string[] } & (
  | { readonly state: 'known'; readonly resolved: ResolvedImage }
  | { readonly state: 'absent' }
  | { readonly state: 'unavailable'; readonly why: Unavailable }
);

export type Resolve = (target: Target, candidates: CandidateList, reading: Reading) => Promise<Resolution>;

interface ResolveParts {
  readonly askRegistry: AskRegistry;
  readonly grants: AccessGrants;
  readonly clock: Clock;
  readonly limits: EvidenceLimits;
}

/** Why the registry is not asked any more, and with which credential that was found. */
interface Cause {
  readonly failure: RegistryFailure;
  readonly source: string;
}

/**
 * R25: whether the login itself may be the cause that there is no answer. Users who write secrets of the namespace choose
 * it, and a byte or a length in it that a registry cannot take ends in a 500 or a closed connection. Attack: such
 * a secret first and a good one behind it, with which the kubelet pulls what `onUnavailable: Warn` let in.
 */
const mayBeItsLogin = ({ kind }: Credential, failure: RegistryFailure): boolean =>
  (kind === 'pull-secret' || kind === 'service-account') &&
  failure.kind === 'unreachable' &&
  failure.stage !== 'connect' &&
  failure.stage !== 'address';

/**
 * Whether another credential may fare better. A token server that does not understand this one, or that may not see it,
 * says nothing about the next; a registry that lies or lies in a forbidden place stays what it is.
 */
const concernsCredential = ({ kind, stage }: RegistryFailure): boolean =>
  stage === 'token' && (kind === 'invalid' || kind === 'refused');

/** A Pod may name any number of secrets; each is a line of output, and each that can be read costs requests (B9). */
const maxShown = 64;

/** Which of the candidates are tried: each credential once, and not more of them than `most`. */
const createSelect = (most: number) => {
  const keys = new Set<string>();
  let isCut = false;
  /** @returns the credential to try, or the attempts to show for one that is not tried */
  return (candidate: Candidate | 'timed-out'): Credential | readonly Attempt[] => {
    if (candidate === 'timed-out') return [{ outcome: candidate }];
    if (candidate.state === 'missing') return [{ ...candidate, outcome: 'missing' }];
    const { credential } = candidate;
    if (keys.has(credential.key)) return [];
    // Whatever a Pod names, an image that everybody may pull can be pulled: the last candidate has a place of its own.
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

/** What no credential reached. @param cause - the one failure that ended the search, if one did */
const unresolved = (
  { repository }: Target,
  attempts: readonly Attempt[],
  cause: Cause | undefined,
  milliseconds: number,
): Resolution => {
  const tried = triedOf(attempts);
  if (cause !== undefined)
    return { state: 'unavailable', why: unavailableText(cause.failure, cause.source, milliseconds), tried };
  if (attempts.at(-1)?.outcome === 'timed-out')
    return { state: 'unavailable', why: noCredentialInTime(repository, milliseconds), tried };
  const what = shown(`${shownName(repository.host)}: manifest`);
  if (attempts.length === 0)
    return { state: 'unavailable', why: { what, why: 'there is no credential to ask with' }, tried };
  if (haveAllLooked(attempts)) return { state: 'absent', tried };
  return { state: 'unavailable', why: { what, ...noLoginWhy(attempts, milliseconds) }, tried };
};

/**
 * What a credential has read before: fresh knowledge, or in an outage whatever is not older than an outage may last. The
 * bytes of a digest cannot change, so only a tag grows stale.
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

/** What one of the credentials that got no answer has read before. */
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

/** The failure after which no other credential is asked, if this is one. */
const endingOf = (attempt: Attempt): Cause | undefined => {
  if (attempt.outcome !== 'failed') return undefined;
  const { credential, failure } = attempt;
  const others = isOutage(failure) ? mayBeItsLogin(credential, failure) : concernsCredential(failure);
  return others ? undefined : { failure, source: credential.source };
};

/** The attempts in order, the last of which may have reached the manifest; else `cause` is what ended the search early. */
interface Search {
  readonly attempts: readonly Attempt[];
  readonly cause?: Cause | undefined;
}

/** Where logins alone got no answer, nobody has shown that the registry gives none (R25). */
const suspectLogins = (parts: ResolveParts, target: Target, attempts: readonly Attempt[]): Search => {
  const [doubted] = outagesIn(attempts);
  if (doubted === undefined) return { attempts };
  const { excusable: _, ...failure } = doubted.failure;
  const remedy = 'look at this login: only with it is the registry known to fail';
  const cause = { failure: { ...failure, remedy }, source: doubted.credential.source };
  const old = standIn(parts, target, attempts, cause);
  return old === undefined ? { attempts, cause } : { attempts: [...attempts, old] };
};

/**
 * What ends the search after a failure that is not of one credential alone: older knowledge where it is an outage, else
 * the failure.
 */
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

/** Tries the credentials in order, and after an outage only what they have read before. */
const search = async (
  parts: ResolveParts,
  target: Target,
  candidates: CandidateList,
  reading: Reading,
): Promise<Search> => {
  const attempts: Attempt[] = [];
  const select = createSelect(parts.limits.credentials);
  let outage: Cause | undefined;
  for (let index = 0; ; index++) {
    const candidate = await candidates.at(index);
    if (candidate === undefined) break;
    if (attempts.length >= maxShown) return { attempts: [...attempts, cut], cause: outage };
    const next = select(candidate);
    if ('length' in next) {
      attempts.push(...next);
      if (candidate === 'timed-out') break;
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
 * Which manifest a name stands for, and which credential of the caller may read it. They are tried in order: `denied`
 * and `absent` go on to the next, and so does no answer that a login of the namespace may have brought about; any other
 * outage only to cached results, everything else ends the search. Where none has reached it, it is `absent` only when
 * every one of them has looked.
 */
export const createResolve =
  (parts: ResolveParts): Resolve =>
  async (target, candidates, reading) => {
    const began = parts.clock.monotonic();
    const { attempts, cause } = await search(parts, target, candidates, reading);
    const last = attempts.at(-1);
    return last?.outcome === 'used'
      ? { state: 'known', resolved: last.resolved, tried: triedOf(attempts) }
      : unresolved(target, attempts, cause, parts.clock.monotonic() - began);
  };
