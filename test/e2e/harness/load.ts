import type { ApiAnswer, KubeObject } from './api.ts';
import type { Cluster } from './cluster.ts';
import { badImage, goodImage, pod } from './policies.ts';

/** What became of one create that was sent under load. */
export interface LoadedCreate {
  readonly name: string;
  readonly good: boolean;
  readonly sent: number;
  readonly answered: number;
  readonly status: number;
  readonly message: string;
}

/** Creates an object at the path; an answer that never came is status 0. */
export const createTimed = async (
  cluster: Cluster,
  path: string,
  { name, good, object }: Pick<LoadedCreate, 'name' | 'good'> & { readonly object: KubeObject },
): Promise<LoadedCreate> => {
  const sent = Date.now();
  const { status, message }: Pick<ApiAnswer, 'status' | 'message'> = await cluster
    .api('POST', path, object)
    .catch((error: unknown) => ({ status: 0, message: String(error) }));
  return { name, good, sent, answered: Date.now(), status, message };
};

/** Creates one Pod, every second one with a bad image. */
export const createUnderLoad = (
  cluster: Cluster,
  namespace: string,
  index: number,
): Promise<LoadedCreate> => {
  const good = index % 2 === 0;
  const name = `load-${index}`;
  const object = pod(name, good ? goodImage : badImage);
  return createTimed(cluster, `/api/v1/namespaces/${namespace}/pods`, { name, good, object });
};

export interface Load {
  /** Ends it and answers with everything that was sent. */
  end(): Promise<LoadedCreate[]>;
}

/** Keeps `clients` busy with one create after the other until it is ended. */
export const startLoad = (
  cluster: Cluster,
  namespace: string,
  clients: number,
  create = createUnderLoad,
): Load => {
  const done: LoadedCreate[] = [];
  let next = 0;
  const over = new AbortController();
  const client = async (): Promise<void> => {
    while (!over.signal.aborted) done.push(await create(cluster, namespace, next++));
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return {
    end: async () => {
      over.abort();
      await all;
      return done;
    },
  };
};

/** What must hold at any time: nothing bad in, and every refusal of it by the gate, which says why, or for want of it. */
export const wrongAnswers = (
  creates: readonly LoadedCreate[],
  why = 'registry-not-allowed',
): LoadedCreate[] => {
  return creates.filter(
    ({ good, status, message }) =>
      (!good && status === 201) || (good && status === 403) || (status === 403 && !message.includes(why)),
  );
};

export const unanswered = (creates: readonly LoadedCreate[]): LoadedCreate[] => {
  return creates.filter(({ good, status }) => status !== (good ? 201 : 403));
};
