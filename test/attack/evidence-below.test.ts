import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { pod } from '../fakes/gate.ts';
import { image, index } from '../fakes/registry/registry-content.ts';
import { status } from '../fakes/registry/registry-faults.ts';
import { reset, silence } from '../fakes/registry/registry-wire-faults.ts';
import type { FakeRegistry } from '../fakes/registry/registry.ts';
import { closeAll, codesOf, open, rowOf, startRegistry, type Stage } from './evidence-stage.ts';

/** R25: whoever pushes chooses what stands below a manifest, and so what of it never comes. */
const bad = image({ user: '0' });
const many = index([bad, image({ user: '0', labels: { n: '2' } })]);
const excused = { kind: { checks: [{ image: { user: 'NonRoot' } }], onUnavailable: 'Warn' } };

let registry: FakeRegistry;
let place: string;
let stage: Stage;
beforeEach(async () => {
  registry = await startRegistry();
  place = `${registry.host}/team/app`;
  registry.push('team/app', bad, 'bad');
  registry.push('team/app', many, 'many');
  stage = open({ policies: excused, rows: [{ ...rowOf(registry), timeout: 3_000 }] });
});
afterEach(closeAll);
const decide = async (...images: readonly string[]) => {
  const named = Object.fromEntries(images.map((text, n) => [`c${n}`, text]));
  return (await stage.send(pod(named))).decision;
};

const causes = [
  ['is silent', silence],
  ['answers 503', () => status(503)],
  ['closes the connection', () => reset()],
] as const;

describe.each(causes)('where the registry %s', (_title, fault) => {
  test.each([
    ['about the config', 'bad', '/blobs/'],
    ['about a child of the index', 'many', `/manifests/${bad.digest}`],
  ])('%s, the image is refused under `onUnavailable: Warn`, now and again', async (_what, tag, path) => {
    registry.fault({ path }, fault());
    for (let round = 0; round < 2; round++) {
      const { allowed, findings } = await decide(`${place}:${tag}`);
      expect([allowed, codesOf({ findings })]).toEqual([false, ['image-unavailable']]);
    }
  });

  test('about everything, it is excused', async () => {
    registry.fault({}, fault());
    expect((await decide(`${place}:bad`)).allowed).toBe(true);
  });
});

test('images whose configs never come do not make the repository one that is left alone', async () => {
  const disarm = registry.fault({ path: '/blobs/' }, silence());
  const slow = Array.from({ length: 8 }, (_, n) => {
    registry.push('team/app', image({ user: '0', labels: { n: `slow ${n}` } }), `slow${n}`);
    return `${place}:slow${n}`;
  });
  expect((await decide(...slow)).allowed).toBe(false);
  expect((await decide(`${place}:bad`)).allowed).toBe(false);
  disarm();
  stage.advance(60_000);
  const { allowed, findings } = await decide(`${place}:bad`);
  expect([allowed, codesOf({ findings }).includes('image-user-root')]).toEqual([false, true]);
});
