import type { Unavailable } from '../../core/facts/fact.ts';
import type { Digest } from '../../core/image/digest.ts';
import { shown, shownName } from '../../core/text/shown-text.ts';
import { accountKey, nameKey, type Account, type Refusal } from '../cache/access-grants.ts';
import { askRegistry, type Target } from './ask-registry.ts';
import type { CandidateList } from '../credential/candidate-list.ts';
import type { EvidenceParts } from '../parts.ts';
import type { Candidate, Credential, ManifestName, RegistryFailure } from '../ports.ts';
import type { Reading } from './read-budget.ts';
import { noLoginText, type LoginFault } from '../text/no-login-text.ts';
import { age, outcome, shownSource, spent, unavailableText } from '../text/unavailable-text.ts';

/** The manifest that a name stands for, read by a credential of the caller. */
export interface Reached {
  readonly digest: Digest;
  readonly credential: Credential;
  /** At hand when it was read or found just now. */
  readonly bytes?: Uint8Array;
  /** Present when an older tag result stands in: its age in milliseconds. */
  readonly staleFor?: number;
  /** Why the registry was not asked: then nothing else may be asked of it either. */
  readonly outage?: RegistryFailure;
}
export type Resolution = { readonly tried: readonly string[] } & (
  | { readonly state: 'known'; readonly reached: Reached }
  | { readonly state: 'absent' }
  | { readonly state: 'unavailable'; readonly why: Unavailable }
);

/** One way through the candidates for one name. */
interface Walk extends Target {
  readonly reading: Reading;
  readonly began: number;
  readonly tried: string[];
  readonly keys: Set<string>;
  /** What of `tried` is told only when nothing reached the image. */
  readonly asides: Set<string>;
  /** What became of the logins that could not be used, and of the look without one. */
  readonly faults: LoginFault[];
  /** A credential that could not look: then nobody knows that the image is not there. */
  blind: boolean;
  /** There were more credentials than are tried. */
  cut: boolean;
  /** Whoever shows no credential is turned away here; that says nothing once a credential was let in. */
  anonymousDenied: boolean;
  /** A credential was let in, and the manifest is not there. */
  lookedInVain: boolean;
  outage?: { readonly failure: RegistryFailure; readonly source: string };
  /** Logins that got no answer, as long as nobody knows whether others get one. */
  readonly doubted: { readonly credential: Credential; readonly failure: RegistryFailure }[];
}

/** The registry was not heard, for whatever cause: what is remembered may stand in. */
const isOutage = ({ kind }: RegistryFailure): boolean =>
  kind === 'unreachable' || kind === 'timeout' || kind === 'paced' || kind === 'busy';

/**
 * R25: whether the login itself may have brought it about that there is no answer. Whoever writes secrets of the namespace
 * chooses it, and a byte or a length in it that a registry cannot take ends in a 500 or a closed connection. Attack: such
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

/** Notes that the registry has nothing for this credential, and what that says about the others. */
const note = (
  walk: Walk,
  { kind, source }: Credential,
  refusal: Refusal,
  failure?: RegistryFailure,
): undefined => {
  const denied = refusal === 'denied';
  walk.tried.push(`${shownSource(source)}: ${denied ? 'denied' : 'not found'}`);
  if (denied) walk.faults.push({ kind, source, ...(failure && { failure }) });
  if (kind === 'anonymous') walk.anonymousDenied ||= denied;
  else if (denied) walk.blind = true;
  else walk.lookedInVain = true;
};

/** What is known without asking: fresh knowledge, or during an outage whatever is not older than an outage may last. */
const recall = (
  { access, limits }: EvidenceParts,
  account: Account,
  name: ManifestName,
  outage: RegistryFailure | undefined,
): { readonly digest: Digest; readonly age: number } | undefined => {
  if ('tag' in name) {
    const found = access.tagged(account, name.tag);
    return found !== undefined && (outage !== undefined || found.age <= limits.tagTime) ? found : undefined;
  }
  const ago = access.readAgo(account, name.digest);
  if (ago === undefined || (outage === undefined && ago > limits.accessTime)) return undefined;
  return { digest: name.digest, age: ago };
};

const reachedWith = (
  walk: Walk,
  credential: Credential,
  found: { readonly digest: Digest; readonly age: number },
): Reached => {
  const { outage, name } = walk;
  const reached = { digest: found.digest, credential };
  if (outage === undefined) return reached;
  // The bytes of a digest cannot change, so only a tag grows stale.
  return { ...reached, outage: outage.failure, ...('tag' in name ? { staleFor: found.age } : {}) };
};

/** Tries one credential. @returns what it reached; otherwise the walk knows how it went */
const tryCredential = async (
  parts: EvidenceParts,
  walk: Walk,
  credential: Credential,
): Promise<Reached | RegistryFailure | undefined> => {
  const { repository, name, tried } = walk;
  const { source, key } = credential;
  const account: Account = { repository, credential: key };
  const remembered = recall(parts, account, name, walk.outage?.failure);
  if (remembered !== undefined) {
    const old = walk.outage === undefined ? '' : `, as it was ${age(remembered.age)} ago`;
    tried.push(`${shownSource(source)}: used${old}`);
    return reachedWith(walk, credential, remembered);
  }
  if (walk.outage !== undefined) return undefined;
  const refusal = parts.access.refusal(account, name);
  if (refusal !== undefined) return note(walk, credential, refusal, parts.access.denial(account, name));
  const plan = { key: `resolve ${nameKey(name)} ${accountKey(account)}`, host: repository.host };
  const answer = await parts.sharedReads.do({ ...plan, stage: 'manifest' }, walk.reading, (reading) =>
    askRegistry(parts, walk, credential, reading),
  );
  if (answer.state === 'known') {
    tried.push(`${shownSource(source)}: used`);
    return { ...answer.value, credential };
  }
  if (answer.state === 'absent') return note(walk, credential, 'absent');
  const { failure } = answer;
  if (failure.kind === 'denied') return note(walk, credential, 'denied', failure);
  tried.push(`${shownSource(source)}: ${outcome[failure.kind]}`);
  walk.faults.push({ kind: credential.kind, source, failure });
  if (isOutage(failure)) {
    walk.doubted.push({ credential, failure });
    if (mayBeItsLogin(credential, failure)) return undefined;
    return standIn(parts, walk, { failure, source });
  }
  walk.blind = true;
  return concernsCredential(failure) ? undefined : failure;
};

/** Nobody more is asked. @returns what one that was not heard has read before */
const standIn = async (
  parts: EvidenceParts,
  walk: Walk,
  outage: NonNullable<Walk['outage']>,
): Promise<Reached | undefined> => {
  walk.outage = outage;
  for (const { credential } of walk.doubted) {
    const reached = await tryCredential(parts, walk, credential);
    if (reached !== undefined && isReached(reached)) return reached;
  }
  return undefined;
};

const isReached = (result: Reached | RegistryFailure): result is Reached => 'digest' in result;

/** What the walk came to when no credential reached the manifest. */
const conclude = (parts: EvidenceParts, walk: Walk): Resolution => {
  const { tried, outage, repository } = walk;
  const time = parts.clock.monotonic() - walk.began;
  if (outage !== undefined) {
    return { state: 'unavailable', why: unavailableText(outage.failure, outage.source, time), tried };
  }
  const what = shown(`${shownName(repository.host)}: manifest`);
  if (tried.length === 0)
    return { state: 'unavailable', why: { what, why: 'there is no credential to ask with' }, tried };
  const isBlind = walk.blind || (walk.anonymousDenied && !walk.lookedInVain);
  if (!isBlind) return { state: 'absent', tried };
  return { state: 'unavailable', why: { what, ...noLoginText(walk.faults, time) }, tried };
};

const lateCredential =
  'try again; if it stays, look at what gives the credentials out: the API server, a helper program, or the identity service of the cloud';

/** However many secrets a pod names: each is a line for people, and each that is at hand costs requests (B9). */
const mostShown = 64;
const cutShort = (parts: EvidenceParts, walk: Walk): Resolution => {
  walk.blind = true;
  walk.tried.push('too many credentials: the rest was not tried');
  return conclude(parts, walk);
};

const step = async (
  parts: EvidenceParts,
  walk: Walk,
  candidate: Candidate,
): Promise<Resolution | undefined> => {
  const { tried } = walk;
  if (tried.length >= mostShown) return cutShort(parts, walk);
  if (candidate.state === 'missing') {
    walk.blind = true;
    const { kind, source, why, aside } = candidate;
    const text = shown(`${shownSource(source)}: ${why}`);
    tried.push(text);
    if (aside === true) walk.asides.add(text);
    else walk.faults.push({ kind, source, why });
    return undefined;
  }
  const { credential } = candidate;
  if (walk.keys.has(credential.key)) return undefined;
  // Whatever a pod names, an image that everybody may pull stays one: the last candidate has a place of its own.
  if (walk.keys.size >= parts.limits.credentials && credential.kind !== 'anonymous') {
    if (!walk.cut) tried.push('too many credentials: the rest was not tried');
    walk.cut = true;
    walk.blind = true;
    return undefined;
  }
  walk.keys.add(credential.key);
  const result = await tryCredential(parts, walk, credential);
  if (result === undefined) return undefined;
  if (isReached(result)) {
    return { state: 'known', reached: result, tried: tried.filter((text) => !walk.asides.has(text)) };
  }
  const time = parts.clock.monotonic() - walk.began;
  return { state: 'unavailable', why: unavailableText(result, credential.source, time), tried };
};

/** The end of the candidates. Where logins alone were not heard, nobody has shown that the registry is not there (R25). */
const finish = async (parts: EvidenceParts, walk: Walk): Promise<Resolution> => {
  const [doubted] = walk.doubted;
  if (walk.outage !== undefined || doubted === undefined) return conclude(parts, walk);
  const { excusable: _, ...failure } = doubted.failure;
  const remedy = 'look at this login: only with it is the registry known to fail';
  const reached = await standIn(parts, walk, {
    failure: { ...failure, remedy },
    source: doubted.credential.source,
  });
  return reached === undefined ? conclude(parts, walk) : { state: 'known', reached, tried: walk.tried };
};

/**
 * Which manifest a name stands for, and which credential of the caller may read it. They are tried in order: `denied`
 * and `absent` go on to the next, and so does no answer that a login of the namespace may have brought about; any other
 * outage only to what is remembered, everything else ends the search. Where none has reached it, it is `absent` only when
 * every one of them has looked.
 */
export const resolve = async (
  parts: EvidenceParts,
  target: Target,
  candidates: CandidateList,
  reading: Reading,
): Promise<Resolution> => {
  const began = parts.clock.monotonic();
  const walk: Walk = {
    ...target,
    reading,
    began,
    tried: [],
    faults: [],
    doubted: [],
    keys: new Set(),
    asides: new Set(),
    blind: false,
    cut: false,
    anonymousDenied: false,
    lookedInVain: false,
  };
  for (let index = 0; ; index++) {
    const candidate = await candidates.at(index);
    if (candidate === undefined) return finish(parts, walk);
    if (candidate === 'late') {
      if (walk.doubted.length > 0) return finish(parts, walk);
      const time = spent(parts.clock.monotonic() - began);
      const what = shown(`${shownName(target.repository.host)}: credentials`);
      const why = `the next credential was not at hand before the deadline, ${time}`;
      return { state: 'unavailable', why: { what, why, remedy: lateCredential }, tried: walk.tried };
    }
    const resolution = await step(parts, walk, candidate);
    if (resolution !== undefined) return resolution;
  }
};
