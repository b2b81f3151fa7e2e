import { expect, test } from 'vitest';
import { createClosers } from './lifecycle.ts';

test('closes last first, tries each, and tells which failed', async () => {
  const problems: unknown[] = [];
  const closed: string[] = [];
  const closers = createClosers((error) => problems.push(error));
  closers.add(() => void closed.push('lock'));
  closers.add(() => {
    throw new Error('at once');
  });
  closers.add(async () => {
    await Promise.resolve();
    closed.push('record');
  });
  closers.add(() => Promise.reject(new Error('later')));
  await closers.closeAll();
  expect(closed).toEqual(['record', 'lock']);
  expect(problems).toEqual([new Error('later'), new Error('at once')]);
  await closers.closeAll();
  expect(problems).toHaveLength(2);
});
