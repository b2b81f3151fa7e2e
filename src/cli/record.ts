import { openDecisionsReader, type DecisionsReader } from '../adapters/store/decisions/reader.ts';
import type { SettingKey } from '../config/settings/settings.ts';
import { UnreachableError, UsageError } from './terminal/terminal.ts';

/** The place of the record: the same setting with which `serve` writes it. */
export const recordSettings = ['data'] as const satisfies readonly SettingKey[];

/** Opens the record under `--data`, while the gate runs or not. */
export const openRecordReader = (dataDir: string): DecisionsReader => {
  const opened = openDecisionsReader(dataDir);
  if (opened.ok) return opened.value;
  const { kind, message } = opened.error;
  if (kind === 'unreadable') throw new UnreachableError(message);
  const remedy = kind === 'missing' ? '; name the folder of the gate with --data' : '';
  throw new UsageError([`${message}${remedy}`]);
};
