/** `full`: as many wait as may wait. `aborted`: the turn did not come in time; the place is free again. */
export type Turn =
  | { readonly state: 'taken'; readonly giveBack: () => void }
  | { readonly state: 'full' }
  | { readonly state: 'aborted' };

export interface Turns {
  /** Waits, first come first served, until fewer than `limit` are under way. */
  take(limit: number, signal: AbortSignal): Promise<Turn>;
  /** Nobody is under way and nobody waits. */
  idle(): boolean;
}

/** A bounded number of requests under way to one host, and a bounded number that wait. */
export const createTurns = (mayWait: number): Turns => {
  const waiting = new Set<() => void>();
  let underWay = 0;
  let allowed = Number.POSITIVE_INFINITY;

  const callNext = (): void => {
    for (const start of waiting) {
      if (underWay >= allowed) return;
      waiting.delete(start);
      start();
    }
  };
  const taken = (): Turn => {
    underWay += 1;
    let given = false;
    return {
      state: 'taken',
      giveBack: () => {
        if (given) return;
        given = true;
        underWay -= 1;
        callNext();
      },
    };
  };

  return {
    take: async (limit, signal) => {
      allowed = limit;
      if (signal.aborted) return { state: 'aborted' };
      if (underWay < limit && waiting.size === 0) return taken();
      if (waiting.size >= mayWait) return { state: 'full' };
      return new Promise((resolve) => {
        const start = (): void => {
          signal.removeEventListener('abort', leave);
          resolve(taken());
        };
        const leave = (): void => {
          waiting.delete(start);
          resolve({ state: 'aborted' });
        };
        waiting.add(start);
        signal.addEventListener('abort', leave, { once: true });
      });
    },
    idle: () => underWay === 0 && waiting.size === 0,
  };
};
