import { createTtlCache } from '../../concurrency/ttl-cache.ts';
import type { Clock } from '../../concurrency/clock.ts';
import { sameNeeds, type ImageNeeds } from '../../core/facts/evidence-kind.ts';
import type { ImageEvidence } from '../../core/facts/image-evidence.ts';
import type { ImageReference } from '../../core/image/reference.ts';
import type { AccessBook, Account } from './access-grants.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { ManifestName, PullContext } from '../ports.ts';

/** What an asker was told about one image, and the proof that it rests on. */
export interface Told {
  readonly evidence: ImageEvidence;
  readonly needs: ImageNeeds;
  readonly account: Account;
  readonly name: ManifestName;
  /** Milliseconds for which the facts may be said again. */
  readonly keepFor: number;
  /** What the facts take in memory. */
  readonly bytes: number;
}

/**
 * What a pull context was told a moment ago. A burst of Pods of one kind asks the same again and again: the answer is
 * given without asking the keychain and the access book once more, which cost more than all the judging.
 *
 * It adds nothing to anybody's rights: an answer is found only by the context that it was given to (namespace, pull
 * secrets, service account), not beyond the time for which the proof behind it counts, and never after any credential
 * was refused anything since.
 */
export interface Recollections {
  find(asker: string, image: ImageReference, needs: ImageNeeds): ImageEvidence | undefined;
  keep(asker: string, image: ImageReference, told: Told): void;
}

/** Equal for equal contexts. A list in JSON, so that no two are written alike, whatever names they hold. */
export const askerOf = (context: PullContext | undefined): string =>
  context === undefined
    ? ''
    : JSON.stringify([context.namespace, context.serviceAccount ?? null, ...context.pullSecrets]);

/** Equal for all ways to write one name: the tag where there is no digest, else the digest alone (B2). */
export const placeOf = ({ host, repository, tag, digest }: ImageReference): string =>
  digest === undefined ? `${host}/${repository}:${tag ?? 'latest'}` : `${host}/${repository}@${digest}`;
/** No name of an image holds a blank, so no two images and askers are written alike. */
const keyOf = (asker: string, image: ImageReference): string => `${placeOf(image)} ${asker}`;

interface Kept {
  readonly evidence: ImageEvidence;
  readonly needs: ImageNeeds;
  /** Refusals that had been heard when it was found. */
  readonly refusals: number;
}

/** Of a key, an entry and the texts about credentials. */
const entryBytes = 1024;
const weightOf = ({ tried, claims = [] }: ImageEvidence): number =>
  entryBytes + 2 * [...tried, ...claims].reduce((sum, text) => sum + text.length, 0);

type Limits = Pick<
  EvidenceLimits,
  'tagTime' | 'accessTime' | 'recollectionTime' | 'recollections' | 'recollectionBytes'
>;

export const createRecollections = (limits: Limits, access: AccessBook, clock: Clock): Recollections => {
  const bounds = { entries: limits.recollections, weight: limits.recollectionBytes };
  const kept = createTtlCache<Kept>(bounds, clock);
  /** For how long what the credential has read may still be used without asking. */
  const left = (account: Account, name: ManifestName): number => {
    if ('tag' in name) return limits.tagTime - (access.tagged(account, name.tag)?.age ?? Infinity);
    return limits.accessTime - (access.readAgo(account, name.digest) ?? Infinity);
  };

  return {
    find: (asker, image, needs) => {
      const found = kept.get(keyOf(asker, image));
      if (found === undefined || found.refusals !== access.refusals) return undefined;
      return sameNeeds(found.needs, needs) ? found.evidence : undefined;
    },
    keep: (asker, image, { evidence, needs, account, name, keepFor, bytes }) => {
      const key = keyOf(asker, image);
      const time = Math.min(limits.recollectionTime, keepFor, left(account, name));
      const weight = weightOf(evidence) + bytes + 2 * key.length;
      kept.set(key, { evidence, needs, refusals: access.refusals }, time, weight);
    },
  };
};
