import type { DatabaseSync } from 'node:sqlite';

import type { DecisionQuery } from '../../../gate/decision-store.ts';
import { type Position, recentDecisions } from './queries.ts';
import { kyselyOn, selectAll } from '../sqlite/dialect.ts';

export interface DecisionPage {
  readonly rows: readonly string[];
  /** Absent on the last page. */
  readonly next?: Position;
}

/** Reads one page, here or in another thread. */
type ReadPage = (query: DecisionQuery, before?: Position) => DecisionPage | Promise<DecisionPage>;

/** 128 decisions of at most 64 KiB: what a page may hold in memory. */
const pageRows = 128;

/** One page of a query. Each is a short read of its own: a long one would keep the log from being emptied. */
export const readPage = (database: DatabaseSync, query: DecisionQuery, before?: Position): DecisionPage => {
  const limit = Math.min(query.limit, pageRows);
  if (limit <= 0) return { rows: [] };
  const found = selectAll(database, recentDecisions(kyselyOn(database), { ...query, limit }, before));
  const rows = found.map(({ json }) => json);
  const last = found.at(-1);
  if (last === undefined || found.length < limit || limit === query.limit) return { rows };
  return { rows, next: { time: last.time, seq: last.seq } };
};

/** All rows of a query at once. */
export const allRows = async (query: DecisionQuery, read: ReadPage): Promise<string[]> => {
  const rows: string[] = [];
  for await (const page of eachPage(query, read)) rows.push(...page);
  return rows;
};

/** All pages of a query, one after the other. */
export async function* eachPage(query: DecisionQuery, read: ReadPage): AsyncGenerator<readonly string[]> {
  let left = query.limit;
  let before: Position | undefined;
  do {
    const page = await read({ ...query, limit: left }, before);
    left -= page.rows.length;
    before = page.next;
    yield page.rows;
  } while (before !== undefined);
}
