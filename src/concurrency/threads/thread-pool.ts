/** A thread as far as its pool knows it. */
export interface PooledThread {
  hasEnded(): boolean;
  end(): Promise<void>;
}

export interface ThreadPool<T extends PooledThread> {
  /** One that has nothing to do, the last used first, or a new one. Throws when none can start, and after `close`. */
  take(): T;
  /** For the next one who takes. */
  giveBack(thread: T): void;
  /** Ends one that is of no more use. */
  discard(thread: T): Promise<void>;
  /** Ends all of them, also those that were taken. */
  close(): Promise<void>;
}

/**
 * Threads that start when they are needed and wait for more to do. How many there may be is for its caller to limit.
 * @param idleMs - milliseconds after which a thread that has nothing to do gives its memory back; absent: never
 */
export const createThreadPool = <T extends PooledThread>(start: () => T, idleMs?: number): ThreadPool<T> => {
  const all = new Set<T>();
  const idle: { readonly thread: T; readonly timer: NodeJS.Timeout | undefined }[] = [];
  let isClosed = false;

  const discard = async (thread: T): Promise<void> => {
    await thread.end();
    all.delete(thread);
  };
  const discardIdle = (thread: T): void => {
    const at = idle.findIndex((one) => one.thread === thread);
    if (at !== -1) idle.splice(at, 1);
    void discard(thread);
  };

  return {
    take: () => {
      if (isClosed) throw new Error('the gate is about to end');
      for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
        clearTimeout(last.timer);
        // It may have ended while nobody asked it anything: that is no fault of what comes next.
        if (!last.thread.hasEnded()) return last.thread;
        all.delete(last.thread);
      }
      const started = start();
      all.add(started);
      return started;
    },
    giveBack: (thread) => {
      const timer = idleMs === undefined ? undefined : setTimeout(discardIdle, idleMs, thread).unref();
      idle.push({ thread, timer });
    },
    discard,
    close: async () => {
      isClosed = true;
      for (const { timer } of idle) clearTimeout(timer);
      await Promise.all([...all].map(discard));
    },
  };
};
