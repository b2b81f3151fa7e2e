import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { folderWith, root } from '../cli/imagegate.ts';

const line = (folder: string, want: number): string =>
  JSON.stringify({
    folder,
    note: `${folder}/one`,
    query: 'data.a.p = x',
    modules: ['package a\np := 1'],
    want_result: [{ x: want }],
  });
const run = (dir: string) => {
  const reports = folderWith();
  const env = { ...process.env, TEST_REPORTS: reports };
  const main = join(root, 'test', 'conformance', 'main.ts');
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, dir], { env, encoding: 'utf8' });
  return { status, stdout, stderr, report: join(reports, 'conformance.json') };
};

test('cases are counted for the whole run: passed, failed, and those that are skipped for a reason as neither', () => {
  const dir = folderWith({
    'cases.jsonl': [line('numbers', 1), line('numbers', 2), line('graphql', 1)].join('\n'),
  });
  const { status, stdout, report } = run(dir);
  expect(status).toBe(1);
  expect(stdout).toContain('opa: 1 passed, 1 failed, 1 skipped\n');
  expect(stdout).toMatch(/\n1 passed, 1 failed\n$/);
  expect(JSON.parse(readFileSync(report, 'utf8'))).toEqual({
    numPassedTests: 1,
    numFailedTests: 1,
    numPendingTests: 0,
    numTodoTests: 0,
    testResults: [],
  });
});

test.each([
  ['that is missing', () => join(folderWith(), 'nowhere'), 2],
  ['without a case', () => folderWith({ 'a.txt': 'a' }), 1],
])('a folder %s has not passed', (_title, dir, wanted) => {
  const { status } = run(dir());
  expect(status).toBe(wanted);
});
