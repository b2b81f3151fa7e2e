import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isNameable, keyStep, stepsOf } from './object-path.ts';

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
        if (!isNameable(key) || !isNameable(other)) return;
        const step = keyStep(key);
        expect(step).toMatch(/^[\x20-\x7e]{1,257}$/);
        expect(stepsOf(`spec${step}.image`)).toEqual(['spec', key, 'image']);
        expect(step === keyStep(other)).toBe(key === other);
      }),
    );
  });

  test('a key has a name when that has no more than 253 characters', () => {
    const unit = fc.constantFrom(
      'a',
      ' ',
      '"',
      '\\',
      '\n',
      '\t',
      '\b',
      '\u0000',
      '\u007f',
      '\u00e9',
      '\ud800',
      '\u{1f600}',
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 60 }), fc.nat(260), (units, padding) => {
        const key = ` ${units.join('')}${'x'.repeat(padding)}`;
        expect(isNameable(key)).toBe(keyStep(key).length - '[""]'.length <= 253);
      }),
    );
    expect(isNameable('x'.repeat(253))).toBe(true);
    expect(isNameable('x'.repeat(254))).toBe(false);
  });
});
