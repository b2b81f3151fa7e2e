import type { Clock } from '../../../concurrency/clock.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import { createLruCache } from '../../../concurrency/cache/lru-cache.ts';
import {
  createCircuitBreaker,
  type CircuitBreaker,
  type CallOutcome,
  type OpenCircuit,
} from '../../../concurrency/circuit-breaker.ts';

/** Allows one request for one path. Its outcome must be recorded, once. */
export interface PathPermit {
  readonly open: false;
  record(outcome: CallOutcome, failure: RegistryFailure): void;
}

export interface CircuitBreakers {
  openCircuit(path: string): OpenCircuit<RegistryFailure> | undefined;
  acquire(path: string): PathPermit | OpenCircuit<RegistryFailure>;
  /** Whether a circuit of this host is open, or one of its paths failed lately. Then its state is kept longer. */
  isOpen(): boolean;
}

/** Most failed paths of one host whose circuits are kept. */
const maxPaths = 64;

/** Stages before the host learns the path. A failure in one of them is about the host. */
const concernsHost = ({ stage }: RegistryFailure): boolean => stage === 'connect' || stage === 'address';

/**
 * One circuit breaker for the host, and one for each path that failed. Attack: a tenant asks for a repository of a shared
 * registry that always answers 502 (a proxy cache whose upstream is gone), so that the registry is closed to everybody.
 * So only failures before the path is sent open the circuit of the host. Later failures are about the path.
 */
export const createCircuitBreakers = (clock: Pick<Clock, 'monotonic'>): CircuitBreakers => {
  const host = createCircuitBreaker<RegistryFailure>(clock);
  const paths = createLruCache<CircuitBreaker<RegistryFailure>>({ entries: maxPaths });

  const breakerOf = (path: string): CircuitBreaker<RegistryFailure> => {
    const known = paths.get(path);
    if (known !== undefined) return known;
    const breaker = createCircuitBreaker<RegistryFailure>(clock);
    paths.set(path, breaker);
    return breaker;
  };

  return {
    openCircuit: (path) => host.openCircuit() ?? paths.get(path)?.openCircuit(),
    acquire: (path) => {
      const hostPermit = host.acquire();
      if (hostPermit.open) return hostPermit;
      const pathPermit = paths.get(path)?.acquire();
      if (pathPermit?.open === true) {
        hostPermit.record('ignored');
        return pathPermit;
      }
      return {
        open: false,
        record: (outcome, failure) => {
          const isHostFailure = concernsHost(failure);
          // A host that answers with any status is there.
          hostPermit.record(outcome === 'failure' && !isHostFailure ? 'success' : outcome, failure);
          const pathOutcome = outcome === 'failure' && isHostFailure ? 'ignored' : outcome;
          pathPermit?.record(pathOutcome, failure);
          if (pathOutcome === 'success') paths.delete(path);
          else if (pathPermit === undefined && pathOutcome === 'failure') {
            const first = breakerOf(path).acquire();
            if (!first.open) first.record('failure', failure);
          }
        },
      };
    },
    isOpen: () => host.openCircuit() !== undefined || paths.size > 0,
  };
};
