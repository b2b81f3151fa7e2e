import type { RegistryAnswer, RegistryFailure, RegistryStage } from './ports.ts';
import type { Reading } from './read-budget.ts';

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
  /** What the work reads with: its signal aborts when nobody waits any more, its bytes are booked on all who do. */
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
export const overspent = (host: string, stage: RegistryStage): RegistryAnswer<never> =>
  failed({ kind: 'limit', stage, host, why: 'the images of this review are more than is read for one' });

/** Waits for an answer, at most until its own deadline. */
const seat = (
  reading: Reading,
  passengers: Set<Passenger>,
  onLeft: () => void,
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
      if (!go()) return;
      resolve(answer);
      onLeft();
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

/** `onEmpty`: the last one who waited has gone. */
export const createFlight = ({ host, stage }: FlightPlan, onEmpty: () => void): Flight => {
  const passengers = new Set<Passenger>();
  const controller = new AbortController();
  let waitsIn = stage;
  let taken = 0;
  let over = false;

  const depart = (): void => {
    if (passengers.size > 0 || over) return;
    over = true;
    onEmpty();
    controller.abort();
  };
  const end = (tell: (passenger: Passenger) => void): void => {
    over = true;
    for (const passenger of passengers) tell(passenger);
  };
  const board = (reading: Reading): Promise<FlightAnswer> => {
    const { passenger, answer } = seat(reading, passengers, depart, () => late(host, waitsIn));
    reading.waitsIn(waitsIn);
    if (taken > 0 && !reading.take(taken)) passenger.leave(overspent(host, waitsIn));
    return answer;
  };
  const book = (bytes: number): boolean => {
    taken += bytes;
    for (const passenger of passengers) {
      if (!passenger.reading.take(bytes)) passenger.leave(overspent(host, waitsIn));
    }
    return passengers.size > 0;
  };
  return {
    reading: {
      signal: controller.signal,
      take: book,
      waitsIn: (stage) => {
        waitsIn = stage;
      },
    },
    board,
    land: (answer) => end((passenger) => passenger.leave(answer)),
    crash: (error) => end((passenger) => passenger.fail(error)),
    expire: () => {
      end((passenger) => passenger.leave(late(host, waitsIn)));
      controller.abort();
    },
  };
};
