import { expect, test } from 'vitest';
import { refusal } from '../../../../test/fakes/refusals.ts';
import { systemClock } from '../../../concurrency/clock.ts';
import type { StoredDecision } from '../../../gate/decision-store.ts';
import { createRecorder, recorderDefaults } from './recorder.ts';

const ignored = (): void => {};

test('R26: what waits behind many others keeps no buffer that it shares with what may be dropped', async () => {
  const stored: StoredDecision[] = [];
  const recorder = createRecorder({
    ...recorderDefaults,
    store: {
      append: (batch) => Promise.resolve(void stored.push(...batch)),
      prune: () => Promise.resolve({ removed: 0, more: false }),
    },
    clock: systemClock,
    observer: { stored: ignored, dropped: ignored, failed: ignored, pruned: ignored, stateChanged: ignored },
  });
  const shared = Buffer.alloc(64 * 1024, '{}');
  for (let n = 0; n < 2000; n++)
    recorder.record(refusal({ id: `d-${n}` }), shared.subarray(2 * n, 2 * n + 2));
  await recorder.drain(20_000);
  expect(stored.map(({ json }) => Buffer.from(json).toString())).toEqual(Array(2000).fill('{}'));
  expect(stored.filter(({ json }) => json.buffer === shared.buffer)).toHaveLength(1000);
});
