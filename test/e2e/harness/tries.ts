import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { pod } from './policies.ts';

/** What became of Pods that nobody may admit. */
export interface TriesOutcome {
  /** The names of those that were created. */
  readonly admitted: readonly string[];
  readonly refused: number;
}
export interface Tries {
  /** Ends it, once or more often. */
  end(): Promise<TriesOutcome>;
}

/** Creates a Pod of this image every 100 ms until it is ended, and waits for no answer before the next. */
export const startTries = (cluster: Pick<Cluster, 'api'>, namespace: string, image: string): Tries => {
  const over = new AbortController();
  const admitted: string[] = [];
  const running = new Set<Promise<void>>();
  let refused = 0;
  const once = async (name: string): Promise<void> => {
    const path = `/api/v1/namespaces/${namespace}/pods`;
    const { status } = await cluster.api('POST', path, pod(name, image)).catch(() => ({ status: 0 }));
    if (status === 201) admitted.push(name);
    else refused += 1;
  };
  const all = (async () => {
    for (let tried = 0; !over.signal.aborted; tried++) {
      const one = once(`bad-${tried}`);
      running.add(one);
      void one.finally(() => running.delete(one));
      await sleep(100);
    }
    await Promise.all(running);
  })();
  return {
    end: async () => {
      over.abort();
      await all;
      return { admitted, refused };
    },
  };
};
