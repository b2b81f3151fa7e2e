import { unavailableBy } from '../../core/facts/fact.ts';
import type { Clock } from '../../concurrency/clock.ts';
import type { SharedCall, Waiter } from '../../concurrency/single-flight.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { RegistryAnswer, RegistryStage } from '../ports.ts';
import type { Reading } from '../resolve/read-budget.ts';
import { createSharedRequester } from './shared-requester.ts';

export interface ReadPlan {
  /**
   * Equal keys mean equal work. The key contains reference and credential, so nobody reads with the rights of
   * another.
   */
  readonly key: string;
  /** Named in the failure when time runs out. */
  readonly host: string;
  readonly stage: RegistryStage;
}

export type SharedAnswer = RegistryAnswer<unknown>;

/** A review that waits, with the budget from which bytes are taken. */
export interface ReadWaiter extends Waiter<SharedAnswer> {
  readonly reading: Reading;
}

/** One read and its waiters. */
export interface SharedRead {
  /** Monotonic. */
  readonly began: number;
  join(reading: Reading): Promise<SharedAnswer>;
  /** Reads for all waiters, and counts the bytes for each of them. */
  run(read: (reading: Reading) => Promise<SharedAnswer>, onEnd: () => void): void;
}

export const timeoutAnswer = (host: string, stage: RegistryStage): RegistryAnswer<never> =>
  unavailableBy({ kind: 'timeout', stage, host, why: 'no answer in time' });
/** R25: a host that does not answer at all is in an outage. A host that answers slowly is not. */
const silent = (host: string, stage: RegistryStage): RegistryAnswer<never> =>
  unavailableBy({ kind: 'timeout', stage, host, why: 'it does not answer at all', excusable: true });
export const overspent = (host: string, stage: RegistryStage): RegistryAnswer<never> =>
  unavailableBy({
    kind: 'limit',
    stage,
    host,
    why: 'the images of this review are more than is read for one',
  });

/** Which hosts were asked during one read, and which have answered. */
const createHostProgress = (clock: Pick<Clock, 'monotonic'>) => {
  const answered = new Set<string>();
  let asked: { readonly host: string; readonly at: number } | undefined;
  return {
    asked: (host: string): void => {
      // The oldest request without an answer counts, however often it is repeated.
      if (asked?.host !== host || answered.has(host)) asked = { host, at: clock.monotonic() };
    },
    answered: (host: string): void => void answered.add(host),
    /** The host that was asked last, when it has sent nothing for so many milliseconds. */
    silentHost: (time: number): string | undefined => {
      if (asked === undefined || answered.has(asked.host)) return undefined;
      return clock.monotonic() - asked.at >= time ? asked.host : undefined;
    },
  };
};

/**
 * A read goes on when its waiters have left at their deadlines, so that the next try of an honest Pod finds its
 * result (R25). Then its own timeout and byte limit bound it. It ends early only when all its waiters have used up their
 * bytes.
 */
export const createSharedRead = (
  { host, stage }: ReadPlan,
  limits: Pick<EvidenceLimits, 'silence' | 'reviewBytes'>,
  clock: Pick<Clock, 'monotonic'>,
  call: SharedCall<SharedAnswer, ReadWaiter>,
): SharedRead => {
  const progress = createHostProgress(clock);
  const requesters = createSharedRequester(progress);
  let waitsIn = stage;
  let taken = 0;
  let isOver = false;

  const timedOut = (): SharedAnswer => {
    const quiet = progress.silentHost(limits.silence);
    return quiet === undefined ? timeoutAnswer(host, waitsIn) : silent(quiet, waitsIn);
  };
  const take = (bytes: number): boolean => {
    taken += bytes;
    if (isOver || call.signal.aborted) return false;
    if (call.waiting === 0) return taken <= limits.reviewBytes;
    for (const waiter of call.waiters)
      if (!waiter.reading.take(bytes)) call.settle(waiter, overspent(host, waitsIn));
    if (call.waiting > 0) return true;
    call.abort();
    return false;
  };
  const reading: Reading = {
    signal: call.signal,
    requester: requesters.requester,
    take,
    waitsIn: (next) => {
      waitsIn = next;
    },
  };
  return {
    began: clock.monotonic(),
    join: (joining) => {
      const waiter: ReadWaiter = { signal: joining.signal, timedOut, reading: joining };
      const answer = call.join(waiter);
      requesters.join(joining.requester);
      joining.waitsIn(waitsIn);
      if (taken > 0 && !joining.take(taken)) call.settle(waiter, overspent(host, waitsIn));
      return answer;
    },
    run: (read, onEnd) =>
      call.run(async () => {
        try {
          return await read(reading);
        } finally {
          isOver = true;
          onEnd();
        }
      }),
  };
};
