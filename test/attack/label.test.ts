import { expect, test } from 'vitest';
import type { JsonObject } from '../../src/core/text/json/json.ts';
import { fakeGate, pod, requestFor } from '../fakes/gate.ts';

const many = (count: number): JsonObject =>
  JSON.parse(`{${Array.from({ length: count }, (_, at) => `"k${at}":"v"`).join()}}`) as JsonObject;

/** One Pod of 3 MB, as the API server lets through, held the event loop for more than a second after it was parsed. */
test('labels that no policy asks for are not read, however many they are', async () => {
  const gate = fakeGate({
    policies: { fence: { checks: [{ registries: { allow: ['registry.example.com/**'] } }] } },
  });
  const object = pod({ app: 'evil.io/x' }, { metadata: { labels: many(240_000) } });
  const oldObject = pod({ app: 'evil.io/y' }, { metadata: { labels: many(240_000) } });
  const started = process.threadCpuUsage();
  const decision = await gate.admit(requestFor(object, { operation: 'UPDATE', oldObject }));
  expect(decision.allowed).toBe(false);
  // Of this thread alone: what else keeps the machine busy does not count.
  const { user, system } = process.threadCpuUsage(started);
  expect((user + system) / 1000).toBeLessThan(100);
});
