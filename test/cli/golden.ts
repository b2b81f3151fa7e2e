import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect } from 'vitest';
import { version } from '../../src/config/version.ts';
import { root } from './imagegate.ts';

/** Ids, times and durations differ from run to run, the version of the gate from release to release. */
export const normalised = (text: string): string =>
  text
    .replaceAll(/\b(check|golden)-[0-9a-z]{17}\b/g, '$1-ID')
    .replaceAll(/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/g, 'TIME')
    .replaceAll(/("?total"?: ?)[\d.]+(e-\d+)?/g, '$1DURATION')
    .replaceAll(
      new RegExp(`((?:gate|version)"?:? "?)${version.replaceAll('.', '\\.')}(?![.\\d])`, 'g'),
      '$1VERSION',
    )
    .replaceAll(/took [\d.]+ ms/g, 'took DURATION ms');

/** Compares the whole text with `test/golden/NAME`; `UPDATE_GOLDEN=1` writes it instead. */
export const golden = (name: string, text: string): void => {
  const file = join(root, 'test', 'golden', `${name}.golden`);
  if (process.env['UPDATE_GOLDEN'] === '1') {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  let expected: string;
  try {
    expected = readFileSync(file, 'utf8');
  } catch {
    throw new Error(`test/golden/${name}.golden is missing; UPDATE_GOLDEN=1 writes it`);
  }
  expect(text).toBe(expected);
};
