import type { Asker } from '../ports.ts';

/** Several who ask for the same, as one. */
export interface SharedAsker {
  /** In whose name the shared work asks: it belongs to everybody who has joined so far. */
  readonly asker: Asker;
  join(asker: Asker | undefined): void;
}

const ignore = (): void => {};
/** One namespace that asks, and nobody who wants to hear how far that has come. `''`: nobody in particular. */
export const askerFor = (namespace: string): Asker => {
  const owners = [namespace];
  return { owners: () => owners, asked: ignore, answered: ignore };
};
export const nobody = askerFor('');

/**
 * Work that is done once for several namespaces waits in the line of each of them: whoever joins a read that a crowded
 * namespace has begun does not inherit the crowd (R26). Who has left still counts; that makes nobody wait longer.
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
