import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../core/result.ts';
import { updateFeed } from '../../adapters/advisories/update/update-feed.ts';
import { createFeedClient } from './feed-client.ts';
import type { UpdateReply, UpdateTask } from './feed-thread.ts';

/** Entry of a thread that updates one feed and ends: a zip of npm takes a minute, in which reviews are answered. */
const run = async ({ folder, feed, proxy, defaults }: UpdateTask): Promise<UpdateReply> => {
  const client = createFeedClient([feed], proxy, defaults);
  try {
    const { signal } = new AbortController();
    const updated = await updateFeed(feed, { folder, client, signal, now: () => new Date() });
    return updated.ok ? { attempts: updated.value } : { failed: updated.error };
  } catch (error) {
    return { failed: messageOf(error) };
  } finally {
    await client.close();
  }
};

const reply = await run(workerData as UpdateTask);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- threads have no origin
parentPort?.postMessage(reply);
