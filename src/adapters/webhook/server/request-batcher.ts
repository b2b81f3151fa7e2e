/** Judged together before the connections are looked at again: a flood must not keep the event loop from its sockets. */
const mostInRound = 64;

export interface Rounds {
  /** Settles when the event loop has read what has arrived on all connections, in the order of the calls. */
  join(): Promise<void>;
  /** Runs `work` once the answers of this round are with their connections. It must not throw. */
  afterwards(work: () => void): void;
  /** Runs now what `afterwards` still holds; for the end of the server. */
  finish(): void;
}

/**
 * Gathers the requests of one turn of the event loop: first all bodies are read, then all are judged, then all answers
 * are recorded. One request from its first byte to its record, then the next, took a third longer: reading, judging and
 * recording are different code, and each pushes the others out of the processor's cache.
 */
export const createRounds = (): Rounds => {
  let joined: (() => void)[] = [];
  let left: (() => void)[] = [];
  const finish = (): void => {
    const now = left;
    left = [];
    for (const work of now) work();
  };
  const begin = (): void => {
    const round = joined.length > mostInRound ? joined.splice(0, mostInRound) : joined;
    if (round === joined) joined = [];
    else setImmediate(begin);
    for (const resume of round) resume();
  };
  return {
    join: () =>
      new Promise((resolve) => {
        joined.push(resolve);
        if (joined.length === 1) setImmediate(begin);
      }),
    afterwards: (work) => {
      left.push(work);
      if (left.length === 1) setImmediate(finish);
    },
    finish,
  };
};
