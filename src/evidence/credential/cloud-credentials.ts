import type { Clock } from '../../concurrency/clock.ts';
import { known, unavailable, type Fact } from '../../core/facts/fact.ts';
import type { CloudIdentity, CredentialSecret } from '../ports.ts';
import { createLruCache } from '../../concurrency/cache/lru-cache.ts';
import { type Asking, createSharedFacts } from './shared-facts.ts';

interface CloudSecret {
  readonly secret: CredentialSecret;
  /** Milliseconds since 1970. */
  readonly expires: number;
}

/** The share of its lifetime after which a credential is renewed. */
const usedShare = 0.8;
const maxUseTime = 12 * 3_600_000;
/** Milliseconds until the next request to a cloud that failed, and to one that does not know this process, which rarely changes. */
const failureKept = 1000;
const absenceKept = 60_000;
const limits = { entries: 256, weight: 256, lookups: 64, timeout: 10_000 } as const;

/**
 * Credentials of cloud identities, fetched once for all callers. The hosts come from image names. Attack: a tenant makes up
 * many of them. Then it uses up only the places of its own namespace (R26).
 */
export interface CloudCredentials {
  get(identity: CloudIdentity, host: string, asking: Asking): Promise<Fact<CredentialSecret>>;
}

export const createCloudCredentials = (clock: Clock): CloudCredentials => {
  const remaining = ({ expires }: CloudSecret): number => {
    const left = expires - clock.now();
    return Number.isFinite(left) ? Math.min(Math.max(left, 0), maxUseTime) : 0;
  };
  const shared = createSharedFacts<CloudSecret>({
    clock,
    limits,
    keepFor: (fact) => {
      if (fact.state === 'known') return Math.max(remaining(fact.value) * usedShare, failureKept);
      return fact.state === 'absent' ? absenceKept : failureKept;
    },
  });
  /** The last credential of each registry. It is used when the next one does not come in time. */
  const last = createLruCache<CloudSecret>({ entries: limits.entries });

  return {
    get: async (identity, host, asking) => {
      const key = `${identity.name} ${host}`;
      const what = `the ${identity.name} credential for ${host}`;
      const look = (patience: AbortSignal): ReturnType<CloudIdentity['credential']> =>
        identity.credential(host, patience);
      const fact = await shared.get(key, what, look, asking);
      if (fact.state === 'known') {
        if (remaining(fact.value) === 0) return unavailable(what, 'it had expired when it came');
        last.set(key, fact.value);
        return known(fact.value.secret);
      }
      const former = last.get(key);
      if (fact.state === 'unavailable' && former !== undefined && remaining(former) > 0) {
        return known(former.secret);
      }
      last.delete(key);
      return fact;
    },
  };
};
