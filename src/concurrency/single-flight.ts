import { onAbort } from './abort.ts';

/** One who waits for shared work, until a signal of its own. */
export interface Waiter<T> {
  readonly signal: AbortSignal;
  /** What it gets when its signal, or the time of the work, ends first. */
  timedOut(): T;
}

/** Work that is done once for all who wait for it. */
export interface SharedCall<T, W extends Waiter<T>> {
  /** Of the work: it ends when nobody shall wait for it any more. */
  readonly signal: AbortSignal;
  readonly waiters: Iterable<W>;
  readonly waiting: number;
  /** Waits for the work; who leaves at a deadline does not end it for the others. */
  join(waiter: W): Promise<T>;
  /** Begins the work. All who wait get its result, or its error; who joins later begins anew. */
  run(work: () => Promise<T>): void;
  /** Lets one go with an answer of its own. */
  settle(waiter: W, answer: T): void;
  /** Ends the work; nobody joins it any more. */
  abort(): void;
}

export interface SingleFlightOptions {
  /** Milliseconds for the work: then all who wait are timed out and its signal ends. Absent: as long as it takes. */
  readonly timeout?: number;
  /** Whether the work ends when the last one who waited has left at a deadline. */
  readonly abortsUnawaited: boolean;
}

/** What is under way by key; `S` is what its user keeps beside each. */
export interface SingleFlight<T, W extends Waiter<T>, S> {
  /** What may be joined. */
  find(key: string): S | undefined;
  /** What may be joined from now on; something older under this key goes on for those who wait for it. */
  open(key: string, stateOf: (call: SharedCall<T, W>) => S): S;
  readonly size: number;
}

interface Place<T> {
  resolve(answer: T): void;
  reject(error: unknown): void;
  stop(): void;
}

const createSharedCall = <T, W extends Waiter<T>>(
  { timeout, abortsUnawaited }: SingleFlightOptions,
  forget: () => void,
): SharedCall<T, W> => {
  const places = new Map<W, Place<T>>();
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  const leave = (waiter: W): Place<T> | undefined => {
    const place = places.get(waiter);
    places.delete(waiter);
    place?.stop();
    return place;
  };
  const settle = (waiter: W, answer: T): void => leave(waiter)?.resolve(answer);
  const abort = (): void => {
    forget();
    controller.abort();
  };
  /** Nobody joins from here on. */
  const end = (settleOne: (waiter: W) => void): void => {
    forget();
    clearTimeout(timer);
    for (const waiter of places.keys()) settleOne(waiter);
  };
  const expire = (): void => {
    end((waiter) => settle(waiter, waiter.timedOut()));
    controller.abort();
  };
  if (timeout !== undefined) timer = setTimeout(expire, timeout).unref();

  return {
    signal: controller.signal,
    waiters: { [Symbol.iterator]: () => places.keys() },
    get waiting() {
      return places.size;
    },
    join: (waiter) => {
      const { promise, resolve, reject } = Promise.withResolvers<T>();
      const place: Place<T> = { resolve, reject, stop: () => {} };
      places.set(waiter, place);
      place.stop = onAbort(waiter.signal, () => {
        settle(waiter, waiter.timedOut());
        if (abortsUnawaited && places.size === 0) abort();
      });
      return promise;
    },
    run: (work) => {
      // A throw before its first wait is an error of the work too.
      (async () => work())().then(
        (answer) => end((waiter) => settle(waiter, answer)),
        (error: unknown) => end((waiter) => leave(waiter)?.reject(error)),
      );
    },
    settle,
    abort,
  };
};

/** So that many who want the same at once cost one piece of work. Nothing is kept: caching is for whoever runs the work. */
export const createSingleFlight = <T, W extends Waiter<T>, S>(
  options: SingleFlightOptions,
): SingleFlight<T, W, S> => {
  const open = new Map<string, S>();
  return {
    find: (key) => open.get(key),
    open: (key, stateOf) => {
      const state: S = stateOf(
        createSharedCall<T, W>(options, () => {
          if (open.get(key) === state) open.delete(key);
        }),
      );
      open.set(key, state);
      return state;
    },
    get size() {
      return open.size;
    },
  };
};
