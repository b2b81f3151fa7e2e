import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { openDecisionsReader } from '../../src/adapters/store/decisions/reader.ts';
import { decisionsFile } from '../../src/adapters/store/decisions/database.ts';

const scratch = mkdtempSync(join(tmpdir(), 'imagegate-crash-'));
const program = join(scratch, 'recording-process.js');
const worker = join(scratch, 'sqlite-worker.js');

/** Bundled, because a start from source takes longer than a round. */
beforeAll(async () => {
  writeFileSync(join(scratch, 'package.json'), '{ "type": "module" }');
  const source = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  await build({
    entryPoints: [
      source('./recording-process.ts'),
      source('../../src/adapters/store/decisions/sqlite-worker.ts'),
    ],
    entryNames: '[name]',
    outdir: scratch,
    bundle: true,
    platform: 'node',
    format: 'esm',
    logLevel: 'error',
  });
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

/** What a killed process had answered: the number of its last decision by then, how many were stored, and when. */
interface Answered {
  readonly last: number;
  readonly stored: number;
  readonly at: number;
}
interface Life {
  readonly answered: readonly Answered[];
  readonly killedAt: number;
  /** The longest time for which this process, which only waits, was given no core, in milliseconds. */
  readonly starved: number;
}

let lives = 0;

/** Lets a process record, and kills it when `enough` is fulfilled; `rush` makes it record as fast as it can. */
const liveAndDie = async (
  dataDir: string,
  round: number,
  enough: (output: string, rush: () => void) => Promise<unknown>,
): Promise<Life> => {
  // A file, because a pipe that fills up would slow the process down; what it wrote survives it like a sent answer.
  const output = join(scratch, `output-${++lives}`);
  const fd = openSync(output, 'w');
  const child = spawn(process.execPath, [program, dataDir, pathToFileURL(worker).href, String(round)], {
    stdio: ['pipe', fd, 'inherit'],
  });
  closeSync(fd);
  const exit = once(child, 'exit');
  const waits = monitorEventLoopDelay({ resolution: 10 });
  waits.enable();
  let killedAt = 0;
  try {
    await enough(output, () => child.kill('SIGUSR2'));
  } finally {
    killedAt = Date.now();
    child.kill('SIGKILL');
    waits.disable();
  }
  const [, signal] = (await exit) as [unknown, string];
  const text = readFileSync(output, 'utf8');
  expect(text).not.toContain('refused');
  expect(signal).toBe('SIGKILL');
  const lines = text.split('\n').slice(0, -1);
  const answered = lines.map((line) => {
    const [last = NaN, stored = NaN, at = NaN] = line.split(' ').map(Number);
    return { last, stored, at };
  });
  return { answered, killedAt, starved: waits.max / 1e6 };
};

const patient = { timeout: 60_000, interval: 10 };
const firstAnswer = (output: string): Promise<void> =>
  vi.waitFor(() => expect(statSync(output).size).toBeGreaterThan(0), patient);
const firstStored = (dataDir: string, round: number): Promise<void> =>
  vi.waitFor(() => {
    const reader = openDecisionsReader(dataDir);
    if (!reader.ok) throw new Error(reader.error.message);
    const first = reader.value.find(`round-${round}-000000000`);
    reader.value.close();
    expect(first).toBeDefined();
  }, patient);

/** Opens what the killed process left, as the next gate would. */
const whatIsStored = (dataDir: string, round: number): { integrity: unknown; numbers: number[] } => {
  const database = new DatabaseSync(decisionsFile(dataDir));
  try {
    const integrity = database.prepare('PRAGMA integrity_check').get()?.['integrity_check'];
    const rows = database
      .prepare('SELECT id, json FROM decisions WHERE id LIKE ? ORDER BY seq')
      .all(`round-${round}-%`);
    const mixedUp = rows.filter(({ id, json }) => (JSON.parse(String(json)) as { id: string }).id !== id);
    expect(mixedUp).toEqual([]);
    const numbers = rows.map(({ id }) => Number(String(id).split('-')[2]));
    return { integrity, numbers };
  } finally {
    database.close();
  }
};

const countStored = (dataDir: string, round: number): unknown => {
  const database = new DatabaseSync(decisionsFile(dataDir), { readOnly: true });
  const row = database.prepare('SELECT count(*) AS n FROM decisions WHERE id LIKE ?').get(`round-${round}-%`);
  database.close();
  return row?.['n'];
};

const between = (least: number, most: number): number => least + Math.random() * (most - least);
/** Rounds one after the other over the same database, and three such lanes beside one another. */
const lanes = [7, 7, 6];
const graceMs = 1000;
/** A process that waits for its store says nothing any more. */
const silentMs = 250;

/** The last decision that has to be there. A store that got no core for so long keeps what it had said to be stored, no more. */
const dueAt = ({ killedAt, answered, starved }: Life): number => {
  const end = answered.at(-1);
  if (end !== undefined && (starved > silentMs || end.at < killedAt - silentMs)) return end.stored - 1;
  return answered.findLast(({ at }) => at <= killedAt - graceMs)?.last ?? -1;
};

describe('kill -9 under load', () => {
  test(
    '20 times: the record is whole, and only the last second may be missing',
    { timeout: 180_000 },
    async () => {
      const lane = async (rounds: number, number: number): Promise<number> => {
        const dataDir = join(scratch, `lane-${number}`);
        let promised = 0;
        const kept: number[] = [];
        for (let round = 0; round < rounds; round++) {
          const life = await liveAndDie(dataDir, round, async (output, rush) => {
            await firstAnswer(output);
            await setTimeout(between(1100, 1400));
            rush();
            await setTimeout(between(20, 120));
          });
          const due = dueAt(life);
          const { integrity, numbers } = whatIsStored(dataDir, round);
          expect(integrity).toBe('ok');
          // No holes, nothing twice, and at least as far as was answered a second before the end.
          expect(numbers).toEqual(numbers.map((_, at) => at));
          expect(numbers.length).toBeGreaterThan(due);
          kept.push(numbers.length);
          promised += due + 1;
        }
        // What survived one kill survives those after it.
        expect(kept.map((_, round) => countStored(dataDir, round))).toEqual(kept);
        return promised;
      };
      const promised = await Promise.all(lanes.map(lane));
      // Without enough promises the test could not fail.
      expect(Math.min(...promised)).toBeGreaterThan(500);
    },
  );

  test(
    '10 times while the database is being made: the next start finds nothing in its way',
    { timeout: 180_000 },
    async () => {
      const dataDir = join(scratch, 'newborn');
      for (let round = 0; round < 10; round++) {
        rmSync(dataDir, { recursive: true, force: true });
        await liveAndDie(dataDir, round, () => setTimeout(between(50, 250)));
        await liveAndDie(dataDir, 100 + round, () => firstStored(dataDir, 100 + round));
        const { integrity, numbers } = whatIsStored(dataDir, 100 + round);
        expect(integrity).toBe('ok');
        expect(numbers).toEqual(numbers.map((_, at) => at));
      }
    },
  );
});
