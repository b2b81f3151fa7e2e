import { expect, test, vi } from 'vitest';
import { createHolderLoop } from './holder-loop.ts';

const loopOf = (outcomes: readonly boolean[]) => {
  const rounds: number[] = [];
  const loop = createHolderLoop({
    isHolder: () => true,
    round: () => {
      rounds.push(Date.now());
      return Promise.resolve(outcomes[rounds.length - 1] ?? true);
    },
    what: 'a test',
    firstRetry: 600_000,
  });
  return { loop, rounds };
};

test('what changes while a failed round is waited for is tried soon, and not at once', async () => {
  const { loop, rounds } = loopOf([false, false]);
  loop.wake();
  await vi.waitFor(() => expect(rounds.length).toBe(1));
  loop.wake();
  expect(rounds.length).toBe(1);
  await vi.waitFor(() => expect(rounds.length).toBe(2), { timeout: 30_000 });
  expect((rounds[1] ?? 0) - (rounds[0] ?? 0)).toBeGreaterThan(900);
  await new Promise((later) => setTimeout(later, 1_500));
  expect(rounds.length).toBe(2);
  loop.wake();
  await vi.waitFor(() => expect(rounds.length).toBe(3), { timeout: 30_000 });
  await loop.close();
});

test('a loop that waits ends at once when it is closed', async () => {
  const { loop, rounds } = loopOf([false]);
  loop.wake();
  await vi.waitFor(() => expect(rounds.length).toBe(1));
  await loop.close();
  expect(rounds.length).toBe(1);
});
