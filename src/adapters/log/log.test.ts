import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { fastestOf } from '../../../test/fastest-of.ts';
import { refusal } from '../../../test/fakes/refusals.ts';
import type { Decision } from '../../core/decision/decision.ts';
import { type Log, openLog } from './log.ts';
import { soon } from '../../../test/soon.ts';

const scratch = mkdtempSync(join(tmpdir(), 'imagegate-log-'));
const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

let made = 0;
const decision = (namespace: string, n: number, more: Partial<Decision> = {}): Decision =>
  refusal({
    id: `d-${namespace}-${n}`,
    object: { apiVersion: 'v1', kind: 'Pod', namespace, name: `p${n}` },
    ...more,
  });
const tell = (log: Log, one: Decision, padding = ''): void =>
  log.decision(one, Buffer.from(JSON.stringify({ ...one, padding })));

/** A log in a file. */
const toFile = (format: 'json' | 'text' = 'json') => {
  const file = join(scratch, `log-${++made}`);
  const fd = openSync(file, 'w');
  endings.push(() => closeSync(fd));
  const log = openLog({ level: 'info', format, onDrop: () => undefined, fd });
  return { log, lines: () => readFileSync(file, 'utf8').split('\n').filter(Boolean) };
};

/** A log that goes into a pipe of 64 KiB which nobody reads until the test does. */
const toPipe = (flags = 0) => {
  const file = join(scratch, `pipe-${++made}`);
  execFileSync('mkfifo', [file]);
  const reader = openSync(file, constants.O_RDONLY | constants.O_NONBLOCK);
  const fd = openSync(file, constants.O_WRONLY | flags);
  let isClosed = false;
  const close = (): void => {
    if (!isClosed) closeSync(reader);
    isClosed = true;
  };
  endings.push(close);
  let dropped = 0;
  const log = openLog({ level: 'info', format: 'json', onDrop: (bytes) => (dropped += bytes), fd });
  const buffer = Buffer.alloc(1024 * 1024);
  let text = '';
  const read = (): string => {
    try {
      for (let bytes = 1; bytes > 0;) {
        bytes = readSync(reader, buffer);
        text += buffer.toString('utf8', 0, bytes);
      }
    } catch {
      // EAGAIN: nothing more for now.
    }
    return text;
  };
  return { log, read, close, dropped: () => dropped };
};

describe('the lines of decisions', () => {
  test('carry the whole record, in the order of their namespace', async () => {
    const { log, lines } = toFile();
    for (let n = 0; n < 300; n++) tell(log, decision('shop', n));
    await log.flush();
    // So many lines have begun to be written in the background, and a thread of its own ends that.
    await vi.waitFor(() => expect(lines()).toHaveLength(300), soon);
    const ids = lines().map((line) => (JSON.parse(line) as { decision: Decision }).decision.id);
    expect(ids).toEqual(Array.from({ length: 300 }, (_, n) => `d-shop-${n}`));
  });

  test('R26: of repeats the first, second, fourth, eighth … are printed, so that no tenant rolls the log over', async () => {
    const { log, lines } = toFile();
    tell(log, decision('shop', 1));
    await log.flush();
    for (let count = 2; count <= 1_000; count++) {
      tell(log, decision('shop', 1, { count, firstTime: '2026-01-01T00:00:00.000Z' }));
      await log.flush();
    }
    const counts = lines().map((line) => (JSON.parse(line) as { decision: Decision }).decision.count);
    expect(counts).toEqual([undefined, 2, 4, 8, 16, 32, 64, 128, 256, 512]);
  });

  test('say in text how often it was', async () => {
    const { log, lines } = toFile('text');
    tell(log, decision('shop', 1, { count: 4 }));
    await log.flush();
    expect(lines()[0]).toMatch(/ decision id="d-shop-1".* count=4$/);
  });
});

describe('a log that nobody reads', () => {
  test('R28, B45: keeps what the gate says about itself, however many decisions it has to drop', async () => {
    const { log, read, dropped } = toPipe();
    for (let n = 0; n < 4_000; n++) tell(log, decision('evil', n), 'x'.repeat(8_000));
    expect(dropped()).toBeGreaterThan(10_000_000);
    log.error('the webhook configuration is missing');
    for (let n = 0; n < 1_000; n++) tell(log, decision('evil', 10_000 + n), 'x'.repeat(8_000));
    await vi.waitFor(() => expect(read()).toContain('the webhook configuration is missing'), soon);
  });

  test('R26: keeps the decisions of others', async () => {
    const { log, read } = toPipe();
    for (let n = 0; n < 4_000; n++) tell(log, decision('evil', n), 'x'.repeat(8_000));
    for (let n = 0; n < 100; n++) tell(log, decision('shop', n));
    await vi.waitFor(() => {
      const text = read();
      for (let n = 0; n < 100; n++) expect(text).toContain(`"id":"d-shop-${n}"`);
    }, soon);
  });

  test('is bounded, and goes on when somebody reads again', async () => {
    const { log, read, dropped } = toPipe();
    for (let n = 0; n < 4_000; n++) tell(log, decision('shop', n), 'x'.repeat(8_000));
    const lost = dropped();
    // 12 MiB wait, 1 MiB is under way.
    expect(lost).toBeGreaterThan(4_000 * 8_000 - 14 * 1024 * 1024);
    await vi.waitFor(() => expect(read().length).toBeGreaterThan(12_000_000), soon);
    tell(log, decision('shop', 9_999));
    await vi.waitFor(() => expect(read()).toContain('d-shop-9999'), soon);
    expect(dropped()).toBe(lost);
  });

  test('holds up the end of the process for two seconds at most, and leaves nothing that goes on', async () => {
    const { log, read } = toPipe(constants.O_NONBLOCK);
    for (let n = 0; n < 40; n++) tell(log, decision('shop', n), 'x'.repeat(8_000));
    await log.flush();
    // A write that was refused is tried again after 100 ms, and was until now.
    await sleep(500);
    expect(read()).toHaveLength(64 * 1024);
    await sleep(300);
    expect(read()).toHaveLength(64 * 1024);
  });

  test('is written to the end when its reader comes back within that time', async () => {
    const { log, read } = toPipe(constants.O_NONBLOCK);
    for (let n = 0; n < 40; n++) tell(log, decision('shop', n), 'x'.repeat(8_000));
    const reading = setInterval(read, 1);
    await log.flush();
    clearInterval(reading);
    expect(read().split('\n')).toHaveLength(41);
  });

  test('holds nothing up once its reader is gone', async () => {
    const { log, close } = toPipe(constants.O_NONBLOCK);
    close();
    for (let n = 0; n < 40; n++) tell(log, decision('shop', n), 'x'.repeat(8_000));
    await log.flush();
    // Also when it is known to be gone already.
    const took = await fastestOf(3, () => {
      log.info('once more');
      return log.flush();
    });
    expect(took).toBeLessThan(1_500);
  });
});
