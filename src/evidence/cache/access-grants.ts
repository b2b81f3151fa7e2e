import type { Digest } from '../../core/image/digest.ts';
import type { Clock } from '../../concurrency/clock.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { ManifestName, RegistryFailure, Repository } from '../ports.ts';
import { createLruCache } from '../../concurrency/lru-cache.ts';

/** One credential at one repository. What is cached for it is used for no other. */
export interface Account {
  readonly repository: Repository;
  /** {@link Credential.key} */
  readonly credential: string;
}

/** A definite negative answer of the registry to this account. */
interface AccessDenial {
  readonly outcome: 'absent' | 'denied';
  /** Why it was denied: the next request gets the same cause. */
  readonly failure?: RegistryFailure;
  /** Milliseconds for which it counts, where that is less than usual. */
  readonly believed?: number;
}

/**
 * What each credential has itself read: the proof that it may use what is shared. Never a verdict, only digests and
 * times; bounded, in memory, gone with the process. Ages are milliseconds; what is older than an outage may last is
 * not known any more.
 */
export interface AccessGrants {
  /** How long ago this credential has read the manifest. */
  readAgo(account: Account, digest: Digest): number | undefined;
  /** What the tag stood for when this credential last asked. */
  tagged(account: Account, tag: string): { readonly digest: Digest; readonly age: number } | undefined;
  /** A denial that is still to be believed. */
  denial(account: Account, name: ManifestName): AccessDenial | undefined;
  grant(account: Account, name: ManifestName, digest: Digest): void;
  /** `denied` ends all that this credential could still do at the repository: its right was taken away. */
  deny(account: Account, name: ManifestName, denial: AccessDenial): void;
  /** How many denials there have been. A cached answer counts only while this number has not changed. */
  readonly denials: number;
}

export const repositoryKey = ({ host, repository }: Repository): string => `${host}/${repository}`;
export const nameKey = (name: ManifestName): string => ('tag' in name ? `:${name.tag}` : `@${name.digest}`);
/** A line break stands in no name, so no two accounts share a key. */
export const accountKey = ({ repository, credential }: Account): string =>
  `${repositoryKey(repository)}\n${credential}`;
const denialKey = (account: Account, name: ManifestName): string =>
  `${accountKey(account)}\n${nameKey(name)}`;

type Times = Pick<EvidenceLimits, 'grants' | 'negativeTime' | 'outageTime'>;

/**
 * Every account that has read something has a number, and what it read is kept under that number. A denial, or
 * forgetting the account, takes it away for good, so nothing of before can be found again. Who has read nothing has
 * none: names that somebody makes up must not push out what others have read (B9).
 */
const createNumbers = (grants: number) => {
  const numbers = createLruCache<string>({ entries: grants });
  let last = 0;
  return {
    of: (account: Account): string | undefined => numbers.get(accountKey(account)),
    give: (account: Account): string => {
      const key = accountKey(account);
      const number = numbers.get(key) ?? String(++last);
      numbers.set(key, number);
      return number;
    },
    take: (account: Account): void => numbers.delete(accountKey(account)),
  };
};

export const createAccessGrants = (limits: Times, clock: Clock): AccessGrants => {
  const bound = { entries: limits.grants };
  const numbers = createNumbers(limits.grants);
  const reads = createLruCache<number>(bound);
  const tags = createLruCache<{ readonly digest: Digest; readonly at: number }>(bound);
  const denials = createLruCache<AccessDenial & { readonly at: number }>(bound);
  let heard = 0;

  const within = (at: number, time: number): number | undefined => {
    const age = clock.monotonic() - at;
    return age <= time ? age : undefined;
  };

  const denial = (account: Account, name: ManifestName): AccessDenial | undefined => {
    const found = denials.get(denialKey(account, name));
    if (found === undefined) return undefined;
    return within(found.at, found.believed ?? limits.negativeTime) === undefined ? undefined : found;
  };

  return {
    readAgo: (account, digest) => {
      const number = numbers.of(account);
      const at = number === undefined ? undefined : reads.get(`${number}@${digest}`);
      return at === undefined ? undefined : within(at, limits.outageTime);
    },
    tagged: (account, tag) => {
      const number = numbers.of(account);
      const found = number === undefined ? undefined : tags.get(`${number}:${tag}`);
      const age = found === undefined ? undefined : within(found.at, limits.outageTime);
      return found === undefined || age === undefined ? undefined : { digest: found.digest, age };
    },
    denial,
    grant: (account, name, digest) => {
      const number = numbers.give(account);
      const at = clock.monotonic();
      reads.set(`${number}@${digest}`, at);
      denials.delete(denialKey(account, name));
      if ('tag' in name) tags.set(`${number}:${name.tag}`, { digest, at });
    },
    deny: (account, name, denial) => {
      heard += 1;
      const number = numbers.of(account);
      if (denial.outcome === 'denied') numbers.take(account);
      else if (number !== undefined) {
        tags.delete(number + nameKey(name));
        reads.delete(number + nameKey(name));
      }
      denials.set(denialKey(account, name), { ...denial, at: clock.monotonic() });
    },
    get denials() {
      return heard;
    },
  };
};
