import type { Asker } from '../ports.ts';

/** Several askers of the same work as one. */
export interface SharedAsker {
  /** The asker for the shared work: it stands for all who have joined so far. */
  readonly asker: Asker;
  join(asker: Asker | undefined): void;
}

const ignore = (): void => {};
/** The asker for one namespace, without progress reports. `''`: no namespace. */
export const askerFor = (namespace: string): Asker => {
  const owners = [namespace];
  return { owners: () => owners, asked: ignore, answered: ignore };
};
export const nobody = askerFor('');

/**
 * Work that is done once for several namespaces waits in the queue of each of them. So a namespace that joins a read
 * of a crowded namespace does not wait in its crowd (R26). A waiter that has left still counts, which delays nobody.
 */
export const createSharedAsker = (
  told: Pick<Asker, 'asked' | 'answered'> = { asked: ignore, answered: ignore },
): SharedAsker => {
  const names = new Set<string>();
  /** Those that are shared work themselves: whom they stand for changes. */
  const shared = new Set<Asker>();
  return {
    asker: {
      owners: function* () {
        yield* names;
        for (const { owners } of shared) yield* owners();
      },
      asked: (host) => {
        told.asked(host);
        for (const one of shared) one.asked(host);
      },
      answered: (host) => {
        told.answered(host);
        for (const one of shared) one.answered(host);
      },
    },
    join: (asker = nobody) => {
      if (asker.asked === ignore) for (const name of asker.owners()) names.add(name);
      else shared.add(asker);
    },
  };
};
