/** Requests that are judged before the connections are read again: a flood must not keep the event loop from its sockets. */
const maxBatch = 64;

export interface RequestBatcher {
  /** Settles when the event loop has read what has arrived on all connections, in the order of the calls. */
  nextBatch(): Promise<void>;
  /** Runs `work` once the answers of this batch are with their connections. It must not throw. */
  afterBatch(work: () => void): void;
  /** Runs the work of `afterBatch` now; for the end of the server. */
  flush(): void;
}

/**
 * Batches the requests of one round of the event loop: first all bodies are read, then all are judged, then all decisions
 * are recorded. One request from its first byte to its record, then the next, took a third longer: reading, judging and
 * recording are different code, and each evicts the others from the cache of the processor.
 */
export const createRequestBatcher = (): RequestBatcher => {
  let waiting: (() => void)[] = [];
  let afterwards: (() => void)[] = [];
  const flush = (): void => {
    const works = afterwards;
    afterwards = [];
    for (const work of works) work();
  };
  const start = (): void => {
    const batch = waiting.length > maxBatch ? waiting.splice(0, maxBatch) : waiting;
    if (batch === waiting) waiting = [];
    else setImmediate(start);
    for (const resume of batch) resume();
  };
  return {
    nextBatch: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length === 1) setImmediate(start);
      }),
    afterBatch: (work) => {
      afterwards.push(work);
      if (afterwards.length === 1) setImmediate(flush);
    },
    flush,
  };
};
