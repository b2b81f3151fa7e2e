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

/** Who is told of the owners that come later, by what says who they are. */
const followersOf = new WeakMap<Requester['owners'], Set<(name: string) => void>>();

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
  const add = (name: string): void => {
    if (names.has(name)) return;
    names.add(name);
    for (const tell of followers) tell(name);
  };
  /** Of the work that this work is a part of. */
  const followers = new Set<(name: string) => void>();
  // Asked of each that waits for a place, whenever one is free: a list that is kept up costs less than one that is made.
  const owners = (): Iterable<string> => names;
  followersOf.set(owners, followers);
  const requester: Requester = {
    owners,
    asked: (host) => {
      progress.asked(host);
      for (const one of shared) one.asked(host);
    },
    answered: (host) => {
      progress.answered(host);
      for (const one of shared) one.answered(host);
    },
  };
  return {
    requester,
    join: (joining = nobody) => {
      for (const name of joining.owners()) add(name);
      if (joining.asked === ignore) return;
      shared.add(joining);
      followersOf.get(joining.owners)?.add(add);
    },
  };
};
