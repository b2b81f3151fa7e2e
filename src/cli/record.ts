import { openDecisionsReader } from '../adapters/store/reader.ts';
import type { DecisionsReader } from '../adapters/store/reader.ts';
import { UnreachableError, UsageError } from './terminal.ts';

/** Opens the record under `--data`, while the gate runs or not. */
export const openRecord = (dataDir: string): DecisionsReader => {
  const opened = openDecisionsReader(dataDir);
  if (opened.ok) return opened.value;
  const { kind, message } = opened.error;
  if (kind === 'unreadable') throw new UnreachableError(message);
  const remedy = kind === 'missing' ? '; name the --data of the gate' : '';
  throw new UsageError([`${message}${remedy}`]);
};
