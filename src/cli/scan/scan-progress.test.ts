import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { ImageCataloger, LayerSource } from '../../adapters/catalog/image-cataloger.ts';
import type { Digest } from '../../core/image/digest.ts';
import { ok } from '../../core/result.ts';
import { createScanProgress } from './scan-progress.ts';

const sourceOf = (size?: number): LayerSource<string> => ({
  digest: `sha256:${'0'.repeat(64)}` as Digest,
  mediaType: '',
  ...(size !== undefined && { size }),
  mayKnow: () => Promise.resolve(true),
  read: async (take) => {
    for (let n = 0; n < 2; n += 1) {
      await take(new Uint8Array(2 ** 20));
      await sleep(600);
    }
    return ok(undefined);
  },
});
const limits = { timeMs: 1000, unpacked: 1000, entries: 10 };
const signal = new AbortController().signal;
/** Reads all layers but those that it knows, and finds a package. */
const images = (known: readonly number[] = []): ImageCataloger => ({
  catalog: async (layers) => {
    for (const [at, layer] of layers.entries())
      if (!known.includes(at)) await layer.read(() => Promise.resolve(true), signal);
    return ok({ packages: [{ ecosystem: 'npm', name: 'a', version: '1' }], gaps: [] });
  },
});

test('a terminal is told of layers, bytes and packages', async () => {
  const told: string[] = [];
  const progress = createScanProgress((text) => told.push(text));
  const watched = progress.watch(images([0]));
  const layers = [sourceOf(5 * 2 ** 20), sourceOf(2 * 2 ** 20)];
  await watched.catalog(layers, limits, signal);
  await watched.catalog(layers, limits, signal);
  progress.end();
  expect(told.at(-1)).toBe('');
  expect(told.at(-2)).toMatch(/^read [23] of 4 layers, (8|9) MiB of 14 MiB, 1 packages$/);
});

test('bytes that nobody told are not made up', async () => {
  const told: string[] = [];
  const progress = createScanProgress((text) => told.push(text));
  await progress.watch(images()).catalog([sourceOf(), sourceOf(1)], limits, signal);
  expect(told[0]).toMatch(/^read [01] of 2 layers, \d MiB, 0 packages$/);
});

test('a pipe is told nothing', async () => {
  const progress = createScanProgress(undefined);
  expect((await progress.watch(images()).catalog([sourceOf(1)], limits, signal)).ok).toBe(true);
  progress.end();
});
