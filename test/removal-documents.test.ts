import { expect, test } from 'vitest';
import { printRemoval } from '../src/install/removal.ts';
import { read } from './markdown.ts';

test('docs/taking-the-gate-away.md lists the commands that manifests --delete prints, all of them and in their order', () => {
  const page = read('docs/taking-the-gate-away.md');
  const [, listed] = /printed by: imagegate manifests --delete -->\s+```sh\n([^`]+)```/.exec(page) ?? [];
  const printed = printRemoval({ namespace: 'imagegate-system' })
    .split('\n')
    .filter((line) => line.startsWith('kubectl'));
  expect(listed?.trim().split('\n')).toEqual(printed);
});
