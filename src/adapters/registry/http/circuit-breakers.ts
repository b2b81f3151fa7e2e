import type { Clock } from '../../../concurrency/clock.ts';
import type { RegistryFailure } from '../../../evidence/ports.ts';
import { createLruCache } from '../../../concurrency/lru-cache.ts';
import { createBreaker, type Breaker, type Health, type Refusal } from './circuit-breaker.ts';

/** Leave to ask about one path; what came of it must be told, once. */
export interface PathLeave {
  readonly open: false;
  settle(health: Health, why: RegistryFailure): void;
}

export interface Breakers {
  refusal(path: string): Refusal | undefined;
  ask(path: string): PathLeave | Refusal;
  /** Whether the host is left alone, or something of it failed lately: then it is worth remembering. */
  isOpen(): boolean;
}

/** Paths of one host of which it is remembered that they failed. */
const mostPaths = 64;

/** What went wrong before the host was told a path is about the host, whatever was asked for. */
const concernsHost = ({ stage }: RegistryFailure): boolean => stage === 'connect' || stage === 'address';

/**
 * One breaker for the host, and one for each path that failed. Attack: a tenant asks for a repository of a shared
 * registry that always answers 502 (a proxy cache whose upstream is gone), and so shuts the registry for everybody.
 * Only what fails before a path is named opens the breaker of all; what fails afterwards is about that path.
 */
export const createBreakers = (clock: Pick<Clock, 'monotonic'>): Breakers => {
  const host = createBreaker(clock);
  const paths = createLruCache<Breaker>({ entries: mostPaths });

  const failedAt = (path: string): Breaker => {
    const known = paths.get(path);
    if (known !== undefined) return known;
    const breaker = createBreaker(clock);
    paths.set(path, breaker);
    return breaker;
  };

  return {
    refusal: (path) => host.refusal() ?? paths.get(path)?.refusal(),
    ask: (path) => {
      const leave = host.ask();
      if (leave.open) return leave;
      const own = paths.get(path)?.ask();
      if (own?.open === true) {
        leave.settle('unknown');
        return own;
      }
      return {
        open: false,
        settle: (health, why) => {
          const ofHost = concernsHost(why);
          // Whoever answers, with whatever status, is there.
          leave.settle(health === 'failed' && !ofHost ? 'answered' : health, why);
          const ofPath = health === 'failed' && ofHost ? 'unknown' : health;
          own?.settle(ofPath, why);
          if (ofPath === 'answered') paths.delete(path);
          else if (own === undefined && ofPath === 'failed') {
            const first = failedAt(path).ask();
            if (!first.open) first.settle('failed', why);
          }
        },
      };
    },
    isOpen: () => host.refusal() !== undefined || paths.size > 0,
  };
};
