/** Requests that are judged before the connections are read again: a flood must not keep the event loop from its sockets. */
const maxBatch = 64;
/** Bytes of their bodies, which are parsed in the same iteration of the event loop: 64 bodies of 100 KB took half a second (R24). */
const maxBatchBytes = 512 * 1024;

export interface RequestBatcher {
  /**
   * Settles when the event loop has read what has arrived on all connections, in the order of the calls.
   * @param bytes - of a body that is parsed in this batch
   */
  nextBatch(bytes: number): Promise<void>;
  /** Runs `work` once the answers of this batch are with their connections. It must not throw. */
  afterBatch(work: () => void): void;
  /** Runs the work of `afterBatch` now; for the end of the server. */
  flush(): void;
}

interface Waiting {
  readonly resume: () => void;
  readonly bytes: number;
}

/** How many of the first are one batch. */
const sizeOfBatch = (waiting: readonly Waiting[]): number => {
  let left = maxBatchBytes;
  const end = waiting.findIndex(({ bytes }, at) => at === maxBatch || ((left -= bytes) < 0 && at > 0));
  return end < 0 ? waiting.length : end;
};

/**
 * Batches the requests of one iteration of the event loop: first all bodies are read, then all are judged, then all decisions
 * are recorded. Reading, judging and recording are different code, and each evicts the others from the cache of the
 * processor: without batches a review of 7 KB costs 165 µs of CPU instead of 133 (`npm run bench -- --only reviews`).
 */
export const createRequestBatcher = (): RequestBatcher => {
  const waiting: Waiting[] = [];
  let afterwards: (() => void)[] = [];
  const flush = (): void => {
    const works = afterwards;
    afterwards = [];
    for (const work of works) work();
  };
  const start = (): void => {
    const batch = waiting.splice(0, sizeOfBatch(waiting));
    if (waiting.length > 0) setImmediate(start);
    for (const { resume } of batch) resume();
  };
  return {
    nextBatch: (bytes) =>
      new Promise((resolve) => {
        waiting.push({ resume: resolve, bytes });
        if (waiting.length === 1) setImmediate(start);
      }),
    afterBatch: (work) => {
      afterwards.push(work);
      if (afterwards.length === 1) setImmediate(flush);
    },
    flush,
  };
};
