import { createTtlCache } from '../../concurrency/cache/ttl-cache.ts';
import type { Clock } from '../../concurrency/clock.ts';
import { sameNeeds, type ImageNeeds } from '../../core/facts/evidence-kind.ts';
import type { ImageEvidence } from '../../core/facts/image-evidence.ts';
import type { ImageReference } from '../../core/image/reference.ts';
import type { AccessGrants, Account } from './access-grants.ts';
import type { EvidenceLimits } from '../limits.ts';
import { createEqualEvidence } from './equal-evidence.ts';
import type { ManifestName, PullContext } from '../ports.ts';

/** An answer to a pull context about one image, and the access grant that it rests on. */
interface CachedAnswer {
  readonly evidence: ImageEvidence;
  readonly needs: ImageNeeds;
  readonly account: Account;
  readonly name: ManifestName;
  /** Milliseconds for which the facts may be cached. */
  readonly keepFor: number;
  /** Size of the facts in memory. */
  readonly bytes: number;
}

/**
 * Recent answers by pull context. A burst of equal Pods asks the same question many times. The cache saves the questions to
 * keychain and access grants, which take longer than all checks.
 *
 * The cache gives nobody more rights. An answer is found only by its own pull context (namespace, pull secrets, service
 * account). It ends with the access grant that it rests on, and with the next denial of any credential.
 */
export interface AnswerCache {
  find(contextKey: string, image: ImageReference, needs: ImageNeeds): ImageEvidence | undefined;
  /** @returns the evidence, as the object that others have too where theirs is equal */
  keep(contextKey: string, image: ImageReference, answer: CachedAnswer): ImageEvidence;
}

/** Equal for equal contexts. A list in JSON, so that no two contexts share a key, whatever names they contain. */
export const pullContextKey = (context: PullContext | undefined): string =>
  context === undefined
    ? ''
    : JSON.stringify([context.namespace, context.serviceAccount ?? null, ...context.pullSecrets]);

/** A text is parsed once and looked up in many reviews. */
const imageKeys = new WeakMap<ImageReference, string>();

/** Equal for all spellings of one name: the digest where there is one, else the tag (B2). */
export const imageKey = (image: ImageReference): string => {
  const made = imageKeys.get(image);
  if (made !== undefined) return made;
  const { host, repository, tag, digest } = image;
  const name = digest === undefined ? `:${tag ?? 'latest'}` : `@${digest}`;
  const key = `${host}/${repository}${name}`;
  imageKeys.set(image, key);
  return key;
};
/** No image name contains a blank, so no two pairs of image and context share a key. */
const keyOf = (contextKey: string, image: ImageReference): string => `${imageKey(image)} ${contextKey}`;

interface Kept {
  readonly evidence: ImageEvidence;
  readonly needs: ImageNeeds;
  /** {@link AccessGrants.denials} when the answer was cached. */
  readonly denials: number;
}

/** Size of a key, an entry and the texts about credentials. */
const entryBytes = 1024;
const weightOf = ({ tried, claims = [] }: ImageEvidence): number =>
  entryBytes + 2 * [...tried, ...claims].reduce((sum, text) => sum + text.length, 0);

type Limits = Pick<EvidenceLimits, 'tagTime' | 'accessTime' | 'answerTime' | 'answers' | 'answerBytes'>;

export const createAnswerCache = (limits: Limits, grants: AccessGrants, clock: Clock): AnswerCache => {
  const bounds = { entries: limits.answers, weight: limits.answerBytes };
  const kept = createTtlCache<Kept>(bounds, clock);
  const equal = createEqualEvidence();
  /** Milliseconds for which the access grant is still valid without a new request. */
  const left = (account: Account, name: ManifestName): number => {
    if ('tag' in name) return limits.tagTime - (grants.tagged(account, name.tag)?.age ?? Infinity);
    return limits.accessTime - (grants.readAgo(account, name.digest) ?? Infinity);
  };

  return {
    find: (contextKey, image, needs) => {
      const found = kept.get(keyOf(contextKey, image));
      if (found === undefined || found.denials !== grants.denials) return undefined;
      return sameNeeds(found.needs, needs) ? found.evidence : undefined;
    },
    keep: (contextKey, image, { evidence: gathered, needs, account, name, keepFor, bytes }) => {
      const evidence = equal(gathered);
      const key = keyOf(contextKey, image);
      const time = Math.min(limits.answerTime, keepFor, left(account, name));
      const weight = weightOf(evidence) + bytes + 2 * key.length;
      kept.set(key, { evidence, needs, denials: grants.denials }, time, weight);
      return evidence;
    },
  };
};
