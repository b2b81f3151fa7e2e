import { expect, test } from 'vitest';
import { createEvidenceRoom } from '../../test/fakes/evidence/evidence-room.ts';
import {
  image,
  index,
  mediaTypes,
  rawManifest,
  type FakeManifest,
} from '../../test/fakes/registry/registry-content.ts';
import { createPace } from './pace.ts';

const place = 'registry.example.com/team/web';
const padding = 300 * 1024;

/** An image with this user, its manifest as long as told: blanks mean nothing in JSON. */
const padded = (user: string): FakeManifest => {
  const made = image({ user });
  const text = `${new TextDecoder().decode(made.bytes)}${' '.repeat(padding)}`;
  return rawManifest(text, mediaTypes.ociManifest, {
    ...made,
    platform: { os: 'linux', architecture: 'amd64' },
  });
};

/** How often the event loop goes round until something has ended. */
const roundsUntil = async (work: Promise<unknown>): Promise<number> => {
  let rounds = 0;
  let over = false;
  const count = (): void => {
    rounds++;
    if (!over) setImmediate(count);
  };
  setImmediate(count);
  await work;
  over = true;
  return rounds;
};

test('B9: large manifests at hand are read one a round of the event loop, again and again', async () => {
  const room = createEvidenceRoom();
  const broken = rawManifest('{', mediaTypes.ociManifest, {
    platform: { os: 'linux', architecture: 'arm64' },
  });
  const children = Array.from({ length: 12 }, (_, at) => padded(String(at + 1000)));
  room.registry.push(place, index([...children, broken]), 'v1');
  await room.ask(`${place}:v1`);
  // Facts of a broken image are not kept: everything is read again, without one request.
  room.requests();
  const rounds = await roundsUntil(room.ask(`${place}:v1`));
  expect(room.requests()).toEqual([]);
  expect(rounds).toBeGreaterThanOrEqual(children.length);
});

test('small documents wait for nothing', async () => {
  const room = createEvidenceRoom();
  room.registry.push(place, index([image({ user: '1000' }), image({ user: '1001' })]), 'v1');
  expect(await roundsUntil(room.ask(`${place}:v1`))).toBeLessThanOrEqual(1);
});

test('those that are large take turns, whoever asks', async () => {
  const pace = createPace();
  const order: number[] = [];
  expect(pace.before(1000)).toBeUndefined();
  const turn = async (name: number): Promise<void> => {
    await pace.before(padding);
    order.push(name);
  };
  const rounds = await roundsUntil(Promise.all([turn(1), turn(2), turn(3)]));
  expect(order).toEqual([1, 2, 3]);
  expect(rounds).toBeGreaterThanOrEqual(3);
});
