/** Without a readable `?timeout=` the API server's own default holds. */
const defaultTimeout = 10_000;
/** The API server accepts 1 to 30 seconds. */
const maxTimeout = 30_000;

const unitMilliseconds: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const part = /(\d{1,32}\.?\d{0,32}|\.\d{1,32})(ns|us|µs|μs|ms|s|m|h)/g;
const whole = /^\+?(?:(?:\d{1,32}\.?\d{0,32}|\.\d{1,32})(?:ns|us|µs|μs|ms|s|m|h)){1,32}$/;

/**
 * Reads Go's duration text (`10s`, `1.5s`, `1m30s`) as milliseconds; `undefined` for anything else, zero included.
 * @example
 * parseGoDuration('1m30s') // 90_000
 * parseGoDuration('30') // undefined
 */
export const parseGoDuration = (text: string): number | undefined => {
  if (text.length > 32 || !whole.test(text)) return undefined;
  let milliseconds = 0;
  for (const [, count, unit] of text.matchAll(part)) {
    milliseconds += Number(count) * (unitMilliseconds[unit ?? ''] ?? Number.NaN);
  }
  return milliseconds > 0 ? milliseconds : undefined;
};

/**
 * How long a call may take: what the caller grants, less a margin in which the answer can still travel
 * (10 %, at most 500 ms). A caller cannot buy more than 30 s.
 */
export const callBudget = (timeout: string | undefined): number => {
  const granted = (timeout === undefined ? undefined : parseGoDuration(timeout)) ?? defaultTimeout;
  const bounded = Math.min(granted, maxTimeout);
  return bounded - Math.min(500, bounded / 10);
};

/** The parts of a request target that the gate uses. */
interface CallTarget {
  readonly path: string;
  /** Milliseconds. */
  readonly budget: number;
}

/** Reads a request target. */
const parseCallTarget = (url: string): CallTarget => {
  const mark = url.indexOf('?');
  if (mark < 0) return { path: url, budget: callBudget(undefined) };
  const timeout = new URLSearchParams(url.slice(mark + 1)).get('timeout');
  return { path: url.slice(0, mark), budget: callBudget(timeout ?? undefined) };
};

/** Reads request targets. An API server sends the same one with each review: the last one is not read again. */
export const createCallTargets = (): ((url: string) => CallTarget) => {
  let last = '';
  let target = parseCallTarget(last);
  return (url) => {
    if (url !== last) {
      target = parseCallTarget(url);
      last = url;
    }
    return target;
  };
};
