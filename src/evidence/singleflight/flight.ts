import type { Clock } from '../../concurrency/clock.ts';
import type { EvidenceLimits } from '../limits.ts';
import type { RegistryAnswer, RegistryFailure, RegistryStage } from '../ports.ts';
import type { Reading } from '../registry/read-budget.ts';
import { createSharedAsker } from './shared-asker.ts';

export interface FlightPlan {
  /** Equal keys mean equal work: reference and credential are in it, so nobody rides on another's rights. */
  readonly key: string;
  /** For people, when time runs out. */
  readonly host: string;
  readonly stage: RegistryStage;
}

export type FlightAnswer = RegistryAnswer<unknown>;

/** One piece of work and those who wait for it. */
export interface Flight {
  /** What the work reads with: for all who wait, whose bytes are booked on each of them. */
  readonly reading: Reading;
  board(reading: Reading): Promise<FlightAnswer>;
  /** Gives everybody the answer. */
  land(answer: FlightAnswer): void;
  /** A bug in the work reaches everybody, as the exception that it is. */
  crash(error: unknown): void;
  /** Its own time is up. */
  expire(): void;
}

interface Passenger {
  readonly reading: Reading;
  leave(answer: FlightAnswer): void;
  fail(error: unknown): void;
}

export const failed = (failure: RegistryFailure): RegistryAnswer<never> => ({
  state: 'unavailable',
  failure,
});
export const late = (host: string, stage: RegistryStage): RegistryAnswer<never> =>
  failed({ kind: 'timeout', stage, host, why: 'no answer in time' });
/** R25: that nothing at all was heard is an outage. That answers were coming, and too slowly, is none. */
const silent = (host: string, stage: RegistryStage): RegistryAnswer<never> =>
  failed({ kind: 'timeout', stage, host, why: 'it does not answer at all', excusable: true });
export const overspent = (host: string, stage: RegistryStage): RegistryAnswer<never> =>
  failed({ kind: 'limit', stage, host, why: 'the images of this review are more than is read for one' });

/** Which hosts were asked and which were heard, as far as one piece of work goes. */
const createHearing = (clock: Pick<Clock, 'monotonic'>) => {
  const heard = new Set<string>();
  let asked: { readonly host: string; readonly at: number } | undefined;
  return {
    asked: (host: string): void => {
      // The oldest question that nobody has answered counts, however often it is asked again.
      if (asked?.host !== host || heard.has(host)) asked = { host, at: clock.monotonic() };
    },
    answered: (host: string): void => void heard.add(host),
    /** The host that was asked last and has said nothing for so long. */
    silentHost: (time: number): string | undefined => {
      if (asked === undefined || heard.has(asked.host)) return undefined;
      return clock.monotonic() - asked.at >= time ? asked.host : undefined;
    },
  };
};

/** Waits for an answer, at most until its own deadline. */
const seat = (
  reading: Reading,
  passengers: Set<Passenger>,
  tooLate: () => FlightAnswer,
): { readonly passenger: Passenger; readonly answer: Promise<FlightAnswer> } => {
  const { promise, resolve, reject } = Promise.withResolvers<FlightAnswer>();
  const go = (): boolean => {
    reading.signal.removeEventListener('abort', onAbort);
    return passengers.delete(passenger);
  };
  const passenger: Passenger = {
    reading,
    leave: (answer) => {
      if (go()) resolve(answer);
    },
    fail: (error) => {
      if (go()) reject(error instanceof Error ? error : new Error(String(error)));
    },
  };
  const onAbort = (): void => passenger.leave(tooLate());
  passengers.add(passenger);
  reading.signal.addEventListener('abort', onAbort, { once: true });
  return { passenger, answer: promise };
};

/**
 * Whoever leaves at a deadline leaves the work to go on: the next try of an honest Pod finds what was read (R25). Its
 * own time and its bytes bound it then. It ends early only when everybody who waited has read too much.
 * @param onEnd - it ends early, and takes nobody aboard any more
 */
export const createFlight = (
  { host, stage }: FlightPlan,
  limits: Pick<EvidenceLimits, 'silence' | 'reviewBytes'>,
  clock: Pick<Clock, 'monotonic'>,
  onEnd: () => void,
): Flight => {
  const passengers = new Set<Passenger>();
  const controller = new AbortController();
  const hearing = createHearing(clock);
  const askers = createSharedAsker(hearing);
  let waitsIn = stage;
  let taken = 0;
  let over = false;

  const tooLate = (): FlightAnswer => {
    const quiet = hearing.silentHost(limits.silence);
    return quiet === undefined ? late(host, waitsIn) : silent(quiet, waitsIn);
  };
  const end = (tell: (passenger: Passenger) => void): void => {
    over = true;
    for (const passenger of passengers) tell(passenger);
  };
  const board = (reading: Reading): Promise<FlightAnswer> => {
    const { passenger, answer } = seat(reading, passengers, tooLate);
    askers.join(reading.asker);
    reading.waitsIn(waitsIn);
    if (taken > 0 && !reading.take(taken)) passenger.leave(overspent(host, waitsIn));
    return answer;
  };
  const book = (bytes: number): boolean => {
    taken += bytes;
    if (over) return false;
    if (passengers.size === 0) return taken <= limits.reviewBytes;
    for (const passenger of passengers) {
      if (!passenger.reading.take(bytes)) passenger.leave(overspent(host, waitsIn));
    }
    if (passengers.size > 0) return true;
    over = true;
    onEnd();
    controller.abort();
    return false;
  };
  return {
    reading: {
      signal: controller.signal,
      asker: askers.asker,
      take: book,
      waitsIn: (stage) => {
        waitsIn = stage;
      },
    },
    board,
    land: (answer) => end((passenger) => passenger.leave(answer)),
    crash: (error) => end((passenger) => passenger.fail(error)),
    expire: () => {
      end((passenger) => passenger.leave(tooLate()));
      controller.abort();
    },
  };
};
