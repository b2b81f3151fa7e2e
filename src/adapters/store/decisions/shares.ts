import type { DatabaseSync } from 'node:sqlite';

import type { StoredDecision } from '../../../gate/decision-store.ts';
import { fairShare } from '../../../concurrency/shares.ts';
import { bytesOf, type NamespaceShare, namespaceShares, removeOldestOf } from './queries.ts';
import { kyselyOn, selectAll } from '../sqlite/dialect.ts';

/** Whose decisions are deleted when the record is too large. */
export interface RecordShares {
  /** These were stored. */
  grew(batch: readonly StoredDecision[]): void;
  /** Removes at most so many, the oldest of whom they are taken from. @returns how many. */
  removeOldest(slice: number, maxBytes: number): number;
  /** The record is small enough: what comes from now on is what the next ones are taken for. */
  settle(): void;
}

type Namespace = string | null;

/**
 * How many namespaces are compared at one time: those that hold most. Attack: without a client CA anybody on the
 * network sends reviews of 100,000 namespaces that do not exist. To compare all of them for each removal kept the
 * store busy for a minute, while the record of others was dropped.
 */
const maxCompared = 1024;

const largestOf = (sizes: ReadonlyMap<Namespace, number>, isMeant: (one: Namespace) => boolean) => {
  let largest: { readonly namespace: Namespace; readonly bytes: number } | undefined;
  for (const [namespace, bytes] of sizes) {
    if (bytes > (largest?.bytes ?? 0) && isMeant(namespace)) largest = { namespace, bytes };
  }
  return largest?.namespace;
};

/** What each has written; of very many those that wrote little are forgotten. */
const createWritten = () => {
  let written = new Map<Namespace, number>();
  return {
    of: (): ReadonlyMap<Namespace, number> => written,
    add: (namespace: Namespace, bytes: number): void => {
      written.set(namespace, (written.get(namespace) ?? 0) + bytes);
      if (written.size <= 2 * maxCompared) return;
      written = new Map([...written].sort(([, one], [, other]) => other - one).slice(0, maxCompared));
    },
    clear: () => written.clear(),
  };
};

/**
 * A namespace with more than its quarter loses old decisions for those that it writes; otherwise the namespace that
 * holds most does (R26). So a tenant that floods the record pushes out its own part of it, and gets no more than a
 * quarter from others.
 */
export const createRecordShares = (database: DatabaseSync): RecordShares => {
  const written = createWritten();
  /** Read once for a run of slices: reading them takes a look at each entry of an index. */
  let held: Map<Namespace, number> | undefined;
  const read = (): Map<Namespace, number> =>
    new Map(
      selectAll<NamespaceShare>(database, namespaceShares(kyselyOn(database), maxCompared)).map(
        ({ namespace, bytes }) => [namespace, bytes],
      ),
    );
  return {
    grew: (batch) => {
      for (const decision of batch) written.add(decision.namespace ?? null, bytesOf(decision));
    },
    removeOldest: (slice, maxBytes) => {
      let removed = 0;
      while (removed < slice) {
        const isRead = held === undefined;
        const sizes = (held ??= read());
        const isOver = (one: Namespace): boolean => (sizes.get(one) ?? 0) > maxBytes * fairShare;
        const payer = [...sizes.keys()].some(isOver) ? largestOf(written.of(), isOver) : undefined;
        const namespace = payer ?? largestOf(sizes, () => true);
        if (namespace === undefined) {
          if (isRead) break;
          // Those that held most have nothing left: the next ones are compared.
          held = undefined;
          continue;
        }
        const wanted = slice - removed;
        const gone = selectAll(database, removeOldestOf(kyselyOn(database), namespace, wanted));
        removed += gone.length;
        const bytes = gone.reduce((sum, one) => sum + one.bytes, 0);
        written.add(namespace, -bytes);
        if (gone.length < wanted) sizes.delete(namespace);
        else sizes.set(namespace, (sizes.get(namespace) ?? 0) - bytes);
      }
      return removed;
    },
    settle: () => {
      held = undefined;
      written.clear();
    },
  };
};
