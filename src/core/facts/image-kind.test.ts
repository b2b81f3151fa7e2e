import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  digestOnly,
  isDigestOnly,
  needsKey,
  sameNeeds,
  unitedNeeds,
  withNeed,
  type ImageNeeds,
} from './evidence-kind.ts';
import { imageNeed } from './image-kind.ts';
import { chosenImages } from './platform-choice.ts';
import type { PlatformChoice } from './image-facts.ts';
import { platformImage } from '../../../test/fakes/image-facts.ts';

const names = ['linux/amd64', 'linux/arm64', 'linux/arm/v7', 'linux/s390x', 'windows/amd64'];
const choice = fc.oneof(
  fc.constant<PlatformChoice>('all'),
  fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
);
const needs = fc
  .option(choice, { nil: undefined })
  .map((platforms): ImageNeeds => (platforms === undefined ? digestOnly : { image: imageNeed(platforms) }));
const images = names.map((name) => platformImage(name));
const seen = (of: ImageNeeds): readonly unknown[] =>
  of.image === undefined ? [] : chosenImages(of.image.wanted.platforms, images);

describe('what several policies need of one image', () => {
  test('covers what each of them needs, and nothing more', () => {
    fc.assert(
      fc.property(needs, needs, (one, other) => {
        const both = new Set([...seen(one), ...seen(other)]);
        expect(new Set(seen(unitedNeeds(one, other)))).toEqual(both);
      }),
    );
  });

  test('is the same in whatever order they ask, and however often', () => {
    fc.assert(
      fc.property(needs, needs, needs, (a, b, c) => {
        const united = unitedNeeds(unitedNeeds(a, b), c);
        for (const other of [unitedNeeds(c, unitedNeeds(b, a)), unitedNeeds(united, b)]) {
          expect(sameNeeds(united, other)).toBe(true);
          expect(needsKey(united)).toBe(needsKey(other));
        }
      }),
    );
  });

  test('is told apart exactly where its key is', () => {
    fc.assert(
      fc.property(needs, needs, (one, other) => {
        expect(sameNeeds(one, other)).toBe(needsKey(one) === needsKey(other));
        expect(isDigestOnly(one)).toBe(sameNeeds(one, digestOnly));
      }),
    );
  });

  test('stays one object where nothing is added', () => {
    const one = withNeed(digestOnly, imageNeed(['linux/amd64', 'linux/arm64']));
    expect(withNeed(one, imageNeed(['linux/arm64', 'linux/amd64']))).toBe(one);
  });
});
