import { createTtlCache } from '../../concurrency/ttl-cache.ts';
import type { Clock } from '../../concurrency/clock.ts';
import { sameNeeds, type ImageNeeds } from '../../core/facts/evidence-kind.ts';
import type { ImageEvidence } from '../../core/facts/image-evidence.ts';
import type { ImageReference } from '../../core/image/reference.ts';
import type { AccessGrants, Account } from './access-grants.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { ManifestName, PullContext } from '../ports.ts';

/** An answer to a pull context about one image, and the access grant that it rests on. */
interface CachedAnswer {
  readonly evidence: ImageEvidence;
  readonly needs: ImageNeeds;
  readonly account: Account;
  readonly name: ManifestName;
  /** Milliseconds for which the facts may be used again. */
  readonly keepFor: number;
  /** What the facts take in memory. */
  readonly bytes: number;
}

/**
 * Recent answers by pull context. A burst of Pods of one kind asks the same again and again: then keychain and access
 * grants are not asked once more, which takes longer than all checks.
 *
 * It adds nothing to anybody's rights: an answer is found only by the context that it was given to (namespace, pull
 * secrets, service account), not beyond the time for which the proof behind it counts, and never after any credential
 * was refused anything since.
 */
export interface AnswerCache {
  find(contextKey: string, image: ImageReference, needs: ImageNeeds): ImageEvidence | undefined;
  keep(contextKey: string, image: ImageReference, answer: CachedAnswer): void;
}

/** Equal for equal contexts. A list in JSON, so that no two are written alike, whatever names they hold. */
export const pullContextKey = (context: PullContext | undefined): string =>
  context === undefined
    ? ''
    : JSON.stringify([context.namespace, context.serviceAccount ?? null, ...context.pullSecrets]);

/** Equal for all ways to write one name: the tag where there is no digest, else the digest alone (B2). */
export const imageKey = ({ host, repository, tag, digest }: ImageReference): string =>
  digest === undefined ? `${host}/${repository}:${tag ?? 'latest'}` : `${host}/${repository}@${digest}`;
/** No name of an image holds a blank, so no two images and contexts are written alike. */
const keyOf = (contextKey: string, image: ImageReference): string => `${imageKey(image)} ${contextKey}`;

interface Kept {
  readonly evidence: ImageEvidence;
  readonly needs: ImageNeeds;
  /** {@link AccessGrants.denials} when it was found. */
  readonly denials: number;
}

/** Of a key, an entry and the texts about credentials. */
const entryBytes = 1024;
const weightOf = ({ tried, claims = [] }: ImageEvidence): number =>
  entryBytes + 2 * [...tried, ...claims].reduce((sum, text) => sum + text.length, 0);

type Limits = Pick<EvidenceLimits, 'tagTime' | 'accessTime' | 'answerTime' | 'answers' | 'answerBytes'>;

export const createAnswerCache = (limits: Limits, grants: AccessGrants, clock: Clock): AnswerCache => {
  const bounds = { entries: limits.answers, weight: limits.answerBytes };
  const kept = createTtlCache<Kept>(bounds, clock);
  /** For how long what the credential has read may still be used without asking. */
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
    keep: (contextKey, image, { evidence, needs, account, name, keepFor, bytes }) => {
      const key = keyOf(contextKey, image);
      const time = Math.min(limits.answerTime, keepFor, left(account, name));
      const weight = weightOf(evidence) + bytes + 2 * key.length;
      kept.set(key, { evidence, needs, denials: grants.denials }, time, weight);
    },
  };
};
