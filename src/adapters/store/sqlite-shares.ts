import type { DatabaseSync } from 'node:sqlite';

import type { StoredDecision } from '../../gate/decision-store.ts';
import { fairShare } from '../../concurrency/fair-queue.ts';
import { bytesOf, type NamespaceShare, namespaceShares, removeOldestOf } from './queries.ts';
import { kyselyOn, selectAll } from './sqlite-dialect.ts';

/** Whose decisions leave when the record is too large. */
export interface Shares {
  /** These were stored. */
  grew(batch: readonly StoredDecision[]): void;
  /** Removes at most so many, the oldest of whom they are taken from. @returns how many. */
  removeOldest(slice: number, maxBytes: number): number;
  /** The record is small enough: what comes from now on is what the next ones are taken for. */
  settle(): void;
}

type Namespace = string | null;

const largestOf = (sizes: ReadonlyMap<Namespace, number>, isMeant: (one: Namespace) => boolean) => {
  let largest: { readonly namespace: Namespace; readonly bytes: number } | undefined;
  for (const [namespace, bytes] of sizes) {
    if (bytes > (largest?.bytes ?? 0) && isMeant(namespace)) largest = { namespace, bytes };
  }
  return largest?.namespace;
};

/**
 * A namespace with more than its quarter pays for what it has written since; otherwise the one that holds most gives way
 * (R26). So a tenant that floods the record rolls over its own part of it, and gets no more than a quarter from others.
 */
export const createShares = (database: DatabaseSync): Shares => {
  const written = new Map<Namespace, number>();
  /** Read once for a run of slices: reading them takes a look at each entry of an index. */
  let held: Map<Namespace, number> | undefined;
  const read = (): Map<Namespace, number> =>
    new Map(
      selectAll<NamespaceShare>(database, namespaceShares(kyselyOn(database))).map(({ namespace, bytes }) => [
        namespace,
        bytes,
      ]),
    );
  return {
    grew: (batch) => {
      for (const decision of batch) {
        const namespace = decision.namespace ?? null;
        written.set(namespace, (written.get(namespace) ?? 0) + bytesOf(decision));
      }
    },
    removeOldest: (slice, maxBytes) => {
      const sizes = (held ??= read());
      const isOver = (one: Namespace): boolean => (sizes.get(one) ?? 0) > maxBytes * fairShare;
      let removed = 0;
      while (removed < slice) {
        const namespace = largestOf(written, isOver) ?? largestOf(sizes, () => true);
        if (namespace === undefined) break;
        const wanted = slice - removed;
        const gone = selectAll(database, removeOldestOf(kyselyOn(database), namespace, wanted));
        removed += gone.length;
        const bytes = gone.reduce((sum, one) => sum + one.bytes, 0);
        written.set(namespace, (written.get(namespace) ?? 0) - bytes);
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
