import { Worker } from 'node:worker_threads';
import { onAbort } from '../../concurrency/abort.ts';
import type { FeedAttempt } from '../../adapters/advisories/update/attempts.ts';
import type { ProxySettings } from '../../adapters/registry/network/proxy.ts';
import type { LoadedDefaults, LoadedFeed } from '../../config/registries/registry-files.ts';
import { messageOf } from '../../core/result.ts';

/** What a thread is started with. */
export interface UpdateTask {
  readonly folder: string;
  readonly feed: LoadedFeed;
  readonly proxy: ProxySettings;
  readonly defaults: LoadedDefaults;
}
export type UpdateReply = { readonly attempts: readonly FeedAttempt[] } | { readonly failed: string };

/** What a thread may take; past it the thread ends, and the last good advisories stay. */
const resourceLimits = { maxOldGenerationSizeMb: 768, maxYoungGenerationSizeMb: 64, stackSizeMb: 4 };
const maxDuration = 60 * 60_000;

/** Updates a feed in a thread of its own, which ends with it. Never rejects, since one update follows the other. */
export const updateInThread = async (
  program: URL,
  task: UpdateTask,
  signal: AbortSignal,
): Promise<UpdateReply> => {
  let thread: Worker;
  try {
    thread = new Worker(program, {
      name: 'imagegate-advisories',
      workerData: task,
      resourceLimits,
      env: {},
      execArgv: [],
    });
  } catch (error) {
    // A machine may have no room for another thread.
    return { failed: messageOf(error) };
  }
  const { promise, resolve } = Promise.withResolvers<UpdateReply>();
  const timer = setTimeout(() => resolve({ failed: 'it took longer than an hour' }), maxDuration).unref();
  const end = onAbort(signal, () => resolve({ failed: 'the gate is shutting down' }));
  thread.on('message', resolve);
  thread.on('error', (error: unknown) => resolve({ failed: messageOf(error) }));
  thread.on('exit', () => resolve({ failed: 'the thread ended' }));
  const reply = await promise;
  end();
  clearTimeout(timer);
  await thread.terminate();
  return reply;
};
