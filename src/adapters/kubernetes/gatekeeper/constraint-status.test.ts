import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ok } from '../../../core/result.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import type { ApiClient } from '../client/client.ts';
import { constraintTemplatesResource } from '../client/resource.ts';
import { createConstraintStatus } from './constraint-status.ts';

const minute = 60_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A template whose entries somebody else writes. */
const contested = () => {
  let version = 1;
  const patches: number[] = [];
  const told: boolean[] = [];
  const ours = { byPod: [{ id: 'imagegate' }] };
  const foreign = { byPod: [{ id: 'gatekeeper' }] };
  let object: JsonObject = {};
  const putBack = (): void => {
    object = { metadata: { name: 'a', uid: 'a', resourceVersion: `${version++}` }, status: foreign };
  };
  putBack();
  const client: Pick<ApiClient, 'request'> = {
    request: () => {
      patches.push(Date.now());
      return Promise.resolve(ok({}));
    },
  };
  const status = createConstraintStatus({
    client: client as ApiClient,
    // Timers count from the beginning of an iteration of the event loop, so by this clock they are early.
    clock: { now: () => Date.now(), monotonic: () => Date.now() * (1 - 1e-6) },
    isHolder: () => true,
    wanted: () => [{ resource: constraintTemplatesResource, object, status: ours }],
    onForeignWriter: (isThere) => void told.push(isThere),
    onProblem: ({ message }) => expect(message).toBe('no problem'),
  });
  const round = async (): Promise<void> => {
    status.wake();
    await vi.advanceTimersByTimeAsync(1);
  };
  return { status, putBack, round, patches, told };
};

test('entries of others are dropped, and left alone for ten minutes once they were put back twice within one', async () => {
  const { status, putBack, round, patches, told } = contested();
  await round();
  for (let times = 0; times < 2; times++) {
    putBack();
    await round();
  }
  expect([patches.length, told]).toEqual([2, [true]]);
  putBack();
  await vi.advanceTimersByTimeAsync(9 * minute);
  await round();
  expect(patches).toHaveLength(2);
  // Nothing happens that would wake it.
  await vi.advanceTimersByTimeAsync(2 * minute);
  expect([patches.length, told]).toEqual([3, [true, false]]);
  await status.close();
});

test('entries that come back now and then are dropped each time', async () => {
  const { status, putBack, round, patches, told } = contested();
  for (let times = 0; times < 4; times++) {
    await round();
    await vi.advanceTimersByTimeAsync(minute);
    putBack();
  }
  expect([patches.length, told]).toEqual([4, []]);
  await status.close();
});
