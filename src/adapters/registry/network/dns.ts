import { lookup as systemLookup, Resolver } from 'node:dns/promises';
import { onAbort, sleep } from '../../../concurrency/abort.ts';
import { createFairSemaphore, type FairSemaphore } from '../../../concurrency/fair-semaphore.ts';
import type { Owners } from '../../../concurrency/shares.ts';

interface ResolveOptions {
  /** The operator configured the host as internal, so hosts file and search domains are used. */
  readonly system: boolean;
  /** Whether the caller can use an address. Absent: it can use all. */
  readonly isUsable?: (address: string) => boolean;
  readonly signal: AbortSignal;
  readonly owners: Owners;
}

/**
 * Looks a name up.
 * @throws an error with the code of DNS (`ENOTFOUND`, `ETIMEOUT` …)
 */
export type ResolveHost = (name: string, options: ResolveOptions) => Promise<readonly string[]>;

/** RFC 8305, 3: how long the answer of one family waits for the answer of the other. */
const otherFamilyDelay = 50;

/** One query for each family, without threads and without search domains. */
const queryDns = async (
  name: string,
  signal: AbortSignal,
  servers: readonly string[] | undefined,
): Promise<readonly string[]> => {
  const resolver = new Resolver({ timeout: 2000, tries: 2 });
  if (servers !== undefined) resolver.setServers(servers);
  if (signal.aborted) throw Object.assign(new Error('aborted'), { code: 'ETIMEOUT' });
  const stopListening = onAbort(signal, () => resolver.cancel());
  const found: [string[], string[]] = [[], []];
  const problems: unknown[] = [];
  const familyTimer = new AbortController();
  try {
    const first = resolver.resolve4(name).then((list) => (found[0] = list));
    const second = resolver.resolve6(name).then((list) => (found[1] = list));
    const both = Promise.allSettled([first, second]).then((results) => {
      for (const result of results) if (result.status === 'rejected') problems.push(result.reason);
    });
    const one = Promise.any([first, second]).then(
      () => sleep(otherFamilyDelay, familyTimer.signal),
      () => both,
    );
    await Promise.race([both, one]);
  } finally {
    familyTimer.abort();
    stopListening();
    resolver.cancel();
  }
  const addresses = found.flat();
  if (addresses.length > 0) return addresses;
  throw problems[0] instanceof Error ? problems[0] : Object.assign(new Error('no'), { code: 'ENOTFOUND' });
};

const isUnknownName = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOTFOUND' || error.code === 'ENODATA');

/**
 * The lookup of the system (`getaddrinfo`) uses one of four threads that files and keys need too, and cannot be cancelled.
 * Attack: a tenant names images whose DNS never answers, so that all threads wait. So names without a row are resolved by UDP
 * queries, which can be cancelled. The lookup of the system serves configured hosts, two at a time, and names that DNS does
 * not know (hosts file), one at a time.
 *
 * A name that has only internal addresses is looked up in the same way as a name that does not exist. Attack (B26): a tenant
 * asks for internal names, and learns from the time of the refusal which of them exist.
 * @param servers `address:port` of DNS servers, instead of those of this machine
 */
export const createResolveHost = (servers?: readonly string[]): ResolveHost => {
  const configured = createFairSemaphore({ places: 2, waiting: 256 });
  const unknown = createFairSemaphore({ places: 1, waiting: 64 });
  const systemResolve = async (
    name: string,
    places: FairSemaphore,
    { signal, owners }: { readonly signal: AbortSignal; readonly owners: Owners },
  ): Promise<readonly string[]> => {
    const place = await places.acquire(owners, signal);
    if (place.state !== 'acquired') throw Object.assign(new Error('busy'), { code: 'EBUSY' });
    try {
      const found = await systemLookup(name, { all: true, order: 'ipv4first' });
      return found.map(({ address }) => address);
    } finally {
      place.release();
    }
  };
  return async (name, { system, isUsable = () => true, signal, owners }) => {
    if (system) return systemResolve(name, configured, { signal, owners });
    try {
      const found = await queryDns(name, signal, servers);
      if (found.some(isUsable)) return found;
    } catch (error) {
      if (signal.aborted || !isUnknownName(error)) throw error;
    }
    return systemResolve(name, unknown, { signal, owners });
  };
};
