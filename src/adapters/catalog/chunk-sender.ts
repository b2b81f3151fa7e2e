/** Bytes that are sent at one time: a message costs as much as unpacking some thousand bytes. */
const chunkLength = 262_144;
/** Chunks that a thread was sent and has not taken: more would only wait in memory. */
const maxWaiting = 8;

/** Puts small pieces together into chunks of memory that goes to a thread, and comes back. */
export interface ChunkSender {
  /** @returns how many of the bytes found room */
  add(bytes: Uint8Array): number;
  isFull(): boolean;
  /** The thread has to take a chunk first. */
  hasToWait(): boolean;
  /** Sends what was added. */
  send(): void;
  /** The thread has taken a chunk, and gives its memory back. */
  taken(memory: ArrayBuffer): void;
  /** Another layer begins. */
  reset(): void;
}

export const createChunkSender = (post: (chunk: Uint8Array<ArrayBuffer>) => void): ChunkSender => {
  const free: ArrayBuffer[] = [];
  let filling: Uint8Array<ArrayBuffer> | undefined;
  let filled = 0;
  let waiting = 0;
  const memory = (): Uint8Array<ArrayBuffer> => new Uint8Array(free.pop() ?? new ArrayBuffer(chunkLength));
  return {
    add: (bytes) => {
      filling ??= memory();
      const fitting = Math.min(bytes.length, chunkLength - filled);
      filling.set(bytes.subarray(0, fitting), filled);
      filled += fitting;
      return fitting;
    },
    isFull: () => filled === chunkLength,
    hasToWait: () => waiting >= maxWaiting,
    send: () => {
      if (filling === undefined) return;
      const chunk = filling.subarray(0, filled);
      filling = undefined;
      filled = 0;
      waiting += 1;
      post(chunk);
    },
    taken: (given) => {
      waiting -= 1;
      free.push(given);
    },
    reset: () => {
      filled = 0;
      waiting = 0;
    },
  };
};
