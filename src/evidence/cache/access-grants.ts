import type { Digest } from '../../core/image/digest.ts';
import type { Clock } from '../../concurrency/clock.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { ManifestName, RegistryFailure, Repository } from '../ports.ts';
import { createLruCache } from '../../concurrency/cache/lru-cache.ts';

/** One credential at one repository. Cache entries of one account are never used for another. */
export interface Account {
  readonly repository: Repository;
  /** {@link Credential.key} */
  readonly credential: string;
}

/** A definite negative answer of the registry to this account. */
interface AccessDenial {
  readonly outcome: 'absent' | 'denied';
  /** The cause of the denial, which the next request gets again. */
  readonly failure?: RegistryFailure;
  /** Milliseconds for which it is cached, where that is less than usual. */
  readonly believed?: number;
}

/**
 * Access grants: which manifests each credential has read itself, which proves that it may use shared content about
 * them. A grant holds digests and times, never a verdict. Grants are bounded and live in memory. Ages are milliseconds.
 * A grant ends when it is older than the longest outage that a cached result may bridge.
 */
export interface AccessGrants {
  /** How long ago this credential has read the manifest. */
  readAgo(account: Account, digest: Digest): number | undefined;
  /** What the tag stood for when this credential last asked. */
  tagged(account: Account, tag: string): { readonly digest: Digest; readonly age: number } | undefined;
  /** A denial that is still cached. */
  denial(account: Account, name: ManifestName): AccessDenial | undefined;
  grant(account: Account, name: ManifestName, digest: Digest): void;
  /** `denied` revokes all grants of this credential at the repository, because its right was taken away. */
  deny(account: Account, name: ManifestName, denial: AccessDenial): void;
  /** The number of denials so far. A cached answer is valid only while this number has not changed. */
  readonly denials: number;
}

export const repositoryKey = ({ host, repository }: Repository): string => `${host}/${repository}`;
export const nameKey = (name: ManifestName): string => ('tag' in name ? `:${name.tag}` : `@${name.digest}`);
/** No name contains a line break, so no two accounts share a key. */
export const accountKey = ({ repository, credential }: Account): string =>
  `${repositoryKey(repository)}\n${credential}`;
const denialKey = (account: Account, name: ManifestName): string =>
  `${accountKey(account)}\n${nameKey(name)}`;

type Times = Pick<EvidenceLimits, 'grants' | 'negativeTime' | 'outageTime'>;

/**
 * Every account that has read something has a number, and its entries are kept under that number. A denial or an
 * eviction of the account removes the number, so its earlier entries can never be found again. An account that has read
 * nothing has no number. Attack: a tenant makes up names, so that they push out the entries of others (B9).
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
