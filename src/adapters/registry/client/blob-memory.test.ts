import { randomBytes } from 'node:crypto';
import { afterAll, expect, test } from 'vitest';
import { digestOf } from '../../../../test/fakes/registry/registry-content.ts';
import { anonymous, budgetOf, openReading } from '../../../../test/fakes/registry/registry-reading.ts';
import { startFakeRegistry } from '../../../../test/fakes/registry/registry.ts';

const server = await startFakeRegistry();
const reading = openReading();
afterAll(async () => {
  await reading.close();
  await server.close();
});

test('a chunk of a blob does not wait in memory for a collection when it was taken', async () => {
  const bytes = randomBytes(4_000_000);
  const descriptor = { digest: digestOf(bytes), size: bytes.length };
  const repository = { host: server.host, repository: 'team/app' };
  server.pushBlob(repository.repository, bytes);
  const taken: Uint8Array[] = [];
  const take = async (chunk: Uint8Array): Promise<boolean> => {
    taken.push(chunk);
    return true;
  };
  const found = await reading.registry.streamBlob(repository, descriptor, take, anonymous, budgetOf());
  expect(found).toMatchObject({ state: 'known', value: 'whole' });
  // Memory that was freed has no length any more.
  expect(taken.reduce((sum, { length }) => sum + length, 0)).toBeLessThan(bytes.length / 4);
});
