import { onAbort } from './abort.ts';

/** A caller that waits for shared work, until a signal of its own. */
export interface Waiter<T> {
  readonly signal: AbortSignal;
  /** Its result when its signal or the time of the work ends first. */
  timedOut(): T;
}

/** Work that is done once for all its waiters. */
export interface SharedCall<T, W extends Waiter<T>> {
  /** The signal of the work. It ends when nobody may wait for it any more. */
  readonly signal: AbortSignal;
  readonly waiters: Iterable<W>;
  readonly waiting: number;
  /** Waits for the work. A waiter that leaves at its deadline does not end it for the others. */
  join(waiter: W): Promise<T>;
  /** Begins the work. All waiters get its result or its error. A later caller begins new work. */
  run(work: () => Promise<T>): void;
  /** Releases one waiter with an answer of its own. */
  settle(waiter: W, answer: T): void;
  /** Ends the work. Nobody can join it any more. */
  abort(): void;
}

export interface SingleFlightOptions {
  /** Milliseconds for the work. After that all waiters time out and its signal ends. Absent: no limit. */
  readonly timeout?: number;
  /** Whether the work ends when its last waiter has left at a deadline. */
  readonly abortsUnawaited: boolean;
}

/** Work under way by key. `S` is the state that the user keeps with each. */
interface SingleFlight<T, W extends Waiter<T>, S> {
  /** The state of the work that may be joined. */
  find(key: string): S | undefined;
  /** Opens work that may be joined from now on. Older work under this key goes on for its waiters. */
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
  /** From here on nobody can join. */
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

/** Runs work once for all callers that want the same at one time. Keeps no results: caching is up to the caller. */
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

/** Work that never runs twice at a time: who asks while it runs gets what comes of that run. */
export const oneAtATime = <T>(work: () => Promise<T>): (() => Promise<T>) => {
  let running: Promise<T> | undefined;
  return () => {
    running ??= work().finally(() => {
      running = undefined;
    });
    return running;
  };
};
