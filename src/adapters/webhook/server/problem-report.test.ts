import { expect, test } from 'vitest';
import type { WebhookProblem } from '../handlers.ts';
import { createProblemReport } from './problem-report.ts';

const reporter = () => {
  let now = 0;
  const lines: { level: string; message: string; fields: object }[] = [];
  const counted: [string, boolean][] = [];
  const write = (level: string) => (message: string, fields: object) =>
    void lines.push({ level, message, fields });
  const report = createProblemReport({
    log: { debug: write('debug'), warn: write('warn'), error: write('error') },
    count: (kind, defect) => void counted.push([kind, defect]),
    clock: { monotonic: () => now },
  });
  return { report, lines, counted, wait: (milliseconds: number) => (now += milliseconds) };
};

test.each<[WebhookProblem['kind'], string, boolean]>([
  ['handshake', 'debug', false],
  ['connection', 'debug', false],
  ['connection-limit', 'warn', false],
  ['caller-refused', 'warn', false],
  ['event-refused', 'warn', false],
  ['event-dropped', 'warn', false],
  ['handler', 'error', true],
])('%s is told as %s and counted (a defect: %s)', (kind, level, defect) => {
  const { report, lines, counted } = reporter();
  const error = new Error('boom');
  report({ kind, message: 'told', error });
  expect(lines).toEqual([{ level, message: 'told', fields: { kind, error } }]);
  expect(counted).toEqual([[kind, defect]]);
});

test.each(['caller-refused', 'connection-limit', 'event-refused', 'event-dropped'] as const)(
  'a flood of %s is one line in ten seconds, and the next says how many were left out',
  (kind) => {
    const { report, lines, counted, wait } = reporter();
    for (let at = 0; at < 1_000; at++) report({ kind, message: 'no' });
    expect(lines).toHaveLength(1);
    wait(9_999);
    report({ kind, message: 'no' });
    expect(lines).toHaveLength(1);
    wait(1);
    report({ kind, message: 'no' });
    expect(lines.slice(1)).toMatchObject([{ fields: { kind, suppressed: 1_000 } }]);
    wait(10_000);
    report({ kind, message: 'no' });
    expect(lines).toHaveLength(3);
    expect(lines[2]?.fields).not.toHaveProperty('suppressed');
    expect(counted).toHaveLength(1_003);
  },
);

test('one kind does not silence another, and a defect is never left out', () => {
  const { report, lines } = reporter();
  for (const kind of ['caller-refused', 'connection-limit', 'handler', 'handler'] as const)
    report({ kind, message: kind });
  expect(lines.map(({ message }) => message)).toEqual([
    'caller-refused',
    'connection-limit',
    'handler',
    'handler',
  ]);
});
