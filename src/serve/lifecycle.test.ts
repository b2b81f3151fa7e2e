import { expect, test } from 'vitest';
import { createLifecycle } from './lifecycle.ts';

test('closes last first, tries each, and tells which failed', async () => {
  const problems: unknown[] = [];
  const closed: string[] = [];
  const lifecycle = createLifecycle((error) => problems.push(error));
  lifecycle.add(() => void closed.push('lock'));
  lifecycle.add(() => {
    throw new Error('at once');
  });
  lifecycle.add(async () => {
    await Promise.resolve();
    closed.push('record');
  });
  lifecycle.add(() => Promise.reject(new Error('later')));
  await lifecycle.closeAll();
  expect(closed).toEqual(['record', 'lock']);
  expect(problems).toEqual([new Error('later'), new Error('at once')]);
  await lifecycle.closeAll();
  expect(problems).toHaveLength(2);
});
