import type { Descriptor } from '../../../src/core/oci/descriptor.ts';
import type { PinnedImage } from '../../../src/core/image/pinned-image.ts';
import type { Clock } from '../../../src/concurrency/clock.ts';
import { createRegistry } from '../../../src/adapters/registry/client/client.ts';
import type { RegistryHttp } from '../../../src/adapters/registry/http/http.ts';
import { defaultSettings, type RegistrySettings } from '../../../src/adapters/registry/settings.ts';
import { createRegistryHttp } from '../../../src/adapters/registry/http/transport.ts';
import type {
  Credential,
  ReadBudget,
  ReferrersList,
  Registry,
  RegistryAnswer,
  RegistryFailure,
} from '../../../src/evidence/ports.ts';

/** The registry client over the real transport, as tests use it. */
export interface Reading {
  readonly registry: Registry;
  readonly http: RegistryHttp;
  /** Moves the clock that tokens are timed by. */
  advance(milliseconds: number): void;
  close(): Promise<void>;
}

export type RegistryRow = Partial<RegistrySettings> & Pick<RegistrySettings, 'host'>;

/**
 * @param loopback - `open`: loopback hosts may be asked over plain HTTP unless their row says otherwise. `guarded`: a
 *   host has what its row says, as in the gate itself
 */
export const openReading = (
  rows: readonly RegistryRow[] = [],
  loopback: 'open' | 'guarded' = 'open',
): Reading => {
  let passed = 0;
  const clock: Clock = {
    now: () => Date.now() + passed,
    monotonic: () => performance.now() + passed,
  };
  const settingsOf = (host: string): RegistrySettings => ({
    ...defaultSettings(host),
    ...(loopback === 'open' && host.startsWith('127.') && { plainHttp: true, allowPrivateAddress: true }),
    ...rows.find((row) => row.host === host),
  });
  const http = createRegistryHttp({ settingsOf, clock });
  return {
    registry: createRegistry({ http, settingsOf, clock }),
    http,
    advance: (milliseconds) => {
      passed += milliseconds;
    },
    close: () => http.close(),
  };
};

export const anonymous: Credential = {
  kind: 'anonymous',
  source: 'anonymous',
  key: 'anonymous',
  secret: { kind: 'none' },
};

export const basicCredential = (
  username: string,
  password: string,
  source = 'pull secret shop/regcred',
): Credential => ({
  kind: 'pull-secret',
  source,
  key: `${username}:${password}`,
  secret: { kind: 'basic', username, password },
});

export const identityCredential = (token: string): Credential => ({
  kind: 'configured',
  source: 'configured credentials',
  key: `identity:${token}`,
  secret: { kind: 'identity-token', token },
});

export const bearerCredential = (token: string): Credential => ({
  kind: 'configured',
  source: 'configured credentials',
  key: `bearer:${token}`,
  secret: { kind: 'bearer', token },
});

export interface CountedBudget extends ReadBudget {
  taken(): number;
}

/** A budget of so many bytes, until a signal or for so many milliseconds. */
export const budgetOf = (bytes = 64 * 1024 * 1024, until: AbortSignal | number = 10_000): CountedBudget => {
  let taken = 0;
  return {
    signal: typeof until === 'number' ? AbortSignal.timeout(until) : until,
    take: (more) => {
      if (taken + more > bytes) return false;
      taken += more;
      return true;
    },
    taken: () => taken,
  };
};

/** Everything that says it refers to the image: both lists, joined; the first that could not be read instead. */
export const allReferrers = async (
  registry: Registry,
  ...[image, ...who]: readonly [PinnedImage, Credential, ReadBudget]
): Promise<RegistryAnswer<readonly Descriptor[]>> => {
  const lists = await Promise.all([
    registry.referrers(image, 'referrers', ...who),
    registry.referrers(image, 'referrers-tag', ...who),
  ]);
  const joined = new Map<string, Descriptor>();
  for (const list of lists) {
    if (list.state === 'unavailable') return list;
    for (const one of list.state === 'known' && list.value !== 'unchanged' ? list.value.descriptors : [])
      if (!joined.has(one.digest)) joined.set(one.digest, one);
  }
  return { state: 'known', value: [...joined.values()] };
};

/** The value of an answer that must be known. */
export const valueOf = <T>(answer: RegistryAnswer<T>): T => {
  if (answer.state !== 'known') throw new Error(`the answer is ${JSON.stringify(answer)}`);
  return answer.value;
};

/** The list of referrers in an answer that must hold one. */
export const referrersIn = (answer: Awaited<ReturnType<Registry['referrers']>>): ReferrersList => {
  const list = valueOf(answer);
  if (list === 'unchanged') throw new Error('the list is unchanged');
  return list;
};

/** The failure of an answer that must be unavailable. */
export const failureIn = (answer: RegistryAnswer<unknown>): RegistryFailure => {
  if (answer.state !== 'unavailable') throw new Error(`the answer is ${JSON.stringify(answer)}`);
  return answer.why;
};
