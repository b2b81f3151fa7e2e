import { expect, test } from 'vitest';
import { updateInThread } from './feed-thread.ts';

test('an update whose thread cannot be started has failed, and the next ones go on', async () => {
  // As where a machine has no room for another thread: `new Worker` throws.
  const program = new URL('https://osv.example.com/update-worker.js');
  const task = { folder: '/nowhere', feed: { name: 'osv', format: 'osv' }, proxy: {}, defaults: {} } as const;
  expect(await updateInThread(program, task, new AbortController().signal)).toEqual({
    failed: expect.stringContaining('scheme'),
  });
});
