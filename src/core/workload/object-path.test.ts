import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keyStep, stepsOf } from './object-path.ts';

describe('steps of a path', () => {
  test.each([
    ['spec.containers[0].image', ['spec', 'containers', 0, 'image']],
    [
      'spec.groups["my group"].containers[12].image',
      ['spec', 'groups', 'my group', 'containers', 12, 'image'],
    ],
    ['spec.lists.a[0][1]', ['spec', 'lists', 'a', 0, 1]],
    ['spec[""]["a\\"].b[0]"].c', ['spec', '', 'a"].b[0]', 'c']],
    ['image', ['image']],
    ['', []],
  ])('%s', (path, steps) => expect(stepsOf(path)).toEqual(steps));

  test('R2: different keys have different steps, all are printable and read back', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.string(), (key, other) => {
        const step = keyStep(key);
        const twin = keyStep(other);
        if (!step.ok || !twin.ok) return;
        expect(step.value).toMatch(/^[\x20-\x7e]{1,255}$/);
        expect(stepsOf(`spec${step.value}.image`)).toEqual(['spec', key, 'image']);
        expect(step.value === twin.value).toBe(key === other);
      }),
    );
  });
});
