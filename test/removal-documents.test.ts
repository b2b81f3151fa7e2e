import { expect, test } from 'vitest';
import { printRemoval } from '../src/adapters/kubernetes/manifests/removal.ts';
import { read, section } from './markdown.ts';

test('docs/operations.md lists the commands that manifests --delete prints, all of them and in their order', () => {
  const page = section(read('docs/operations.md'), '## Take it away');
  const [, listed] = /printed by: imagegate manifests --delete -->\s+```sh\n([^`]+)```/.exec(page) ?? [];
  const printed = printRemoval({ namespace: 'imagegate-system' })
    .split('\n')
    .filter((line) => line.startsWith('kubectl'));
  expect(listed?.trim().split('\n')).toEqual(printed);
});
