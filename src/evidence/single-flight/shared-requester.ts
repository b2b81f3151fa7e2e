import type { Requester } from '../ports.ts';

/** Several requesters of the same work, joined into one. */
export interface SharedRequester {
  /** The requester of the shared work, for all that have joined so far. */
  readonly requester: Requester;
  join(requester: Requester | undefined): void;
}

const ignore = (): void => {};
/** The requester for one namespace, without progress reports. `''`: no namespace. */
export const requesterFor = (namespace: string): Requester => {
  const owners = [namespace];
  return { owners: () => owners, asked: ignore, answered: ignore };
};
export const nobody = requesterFor('');

/**
 * Work that is done once for several namespaces waits in the queue of each of them. So a namespace that joins a read of
 * a busy namespace does not wait behind the other reads of that namespace (R26). A waiter that has left still counts, which
 * delays nobody.
 */
export const createSharedRequester = (
  progress: Pick<Requester, 'asked' | 'answered'> = { asked: ignore, answered: ignore },
): SharedRequester => {
  const names = new Set<string>();
  /** Requesters that are shared work themselves, so that their owners change. */
  const shared = new Set<Requester>();
  return {
    requester: {
      owners: function* () {
        yield* names;
        for (const { owners } of shared) yield* owners();
      },
      asked: (host) => {
        progress.asked(host);
        for (const one of shared) one.asked(host);
      },
      answered: (host) => {
        progress.answered(host);
        for (const one of shared) one.answered(host);
      },
    },
    join: (requester = nobody) => {
      if (requester.asked === ignore) for (const name of requester.owners()) names.add(name);
      else shared.add(requester);
    },
  };
};
