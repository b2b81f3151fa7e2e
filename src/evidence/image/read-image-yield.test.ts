import { expect, test } from 'vitest';
import { createEvidenceHarness } from '../../../test/fakes/evidence/evidence-harness.ts';
import { roundsUntil } from '../../../test/fakes/event-loop.ts';
import {
  image,
  index,
  mediaTypes,
  rawManifest,
  type FakeManifest,
} from '../../../test/fakes/registry/registry-content.ts';

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

test('B9: large cached manifests are read one in an iteration of the event loop, again and again', async () => {
  const harness = createEvidenceHarness();
  const broken = rawManifest('{', mediaTypes.ociManifest, {
    platform: { os: 'linux', architecture: 'arm64' },
  });
  const children = Array.from({ length: 12 }, (_, at) => padded(String(at + 1000)));
  harness.registry.push(place, index([...children, broken]), 'v1');
  await harness.ask(`${place}:v1`);
  // Facts of a broken image are not kept: everything is read again, without one request.
  harness.requests();
  const rounds = await roundsUntil(harness.ask(`${place}:v1`));
  expect(harness.requests()).toEqual([]);
  expect(rounds).toBeGreaterThanOrEqual(children.length);
});

test('small documents wait for nothing', async () => {
  const harness = createEvidenceHarness();
  harness.registry.push(place, index([image({ user: '1000' }), image({ user: '1001' })]), 'v1');
  expect(await roundsUntil(harness.ask(`${place}:v1`))).toBeLessThanOrEqual(1);
});
