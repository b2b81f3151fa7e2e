import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { constraint, template } from '../../../../test/fakes/constraints.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { createConstraintStore, type ConstraintStore } from './constraint-store.ts';

const most = 3;
const storeWith = (...all: readonly JsonObject[]): ConstraintStore => {
  const store = createConstraintStore({ hasInventory: false }, most);
  for (const one of all) store.putTemplate(one);
  return store;
};
const made = (kind: string, creationTimestamp: string): JsonObject => ({
  ...template(kind, 'violation[{"msg": "no"}]'),
  metadata: { name: kind.toLowerCase(), uid: kind, creationTimestamp },
});
const one = made('A', '2026-01-01T00:00:00Z');
const two = made('B', '2026-01-02T00:00:00Z');
const early = made('C', '2026-01-03T00:00:00Z');
const late = made('D', '2026-01-03T00:00:00Z');
const all = [one, two, early, late];
const inForce = (store: ConstraintStore): readonly string[] =>
  store
    .templates()
    .filter((revision) => revision.inForce !== undefined)
    .map(({ kind }) => kind);

describe('templates beyond the limit', () => {
  test('are the newest, of one second by name, in whatever order they come', () => {
    fc.assert(
      fc.property(
        fc.shuffledSubarray(all, { minLength: all.length }),
        fc.boolean(),
        (inSomeOrder, atOnce) => {
          const store = storeWith(...(atOnce ? [] : inSomeOrder));
          if (atOnce) store.replaceTemplates(inSomeOrder);
          expect(inForce(store)).toEqual(['A', 'B', 'C']);
        },
      ),
    );
  });

  test('say so, and their constraints refuse rather than allow', () => {
    const store = storeWith(...all);
    store.putConstraint('D', constraint('D', 'd'));
    expect(store.templates().at(-1)?.problems).toMatchObject([
      { message: 'there are 3 templates already, and more are not read' },
    ]);
    expect(store.constraints()).toMatchObject([
      { kind: 'D', inForce: { why: expect.stringContaining('there are 3 templates already') as string } },
    ]);
  });

  test('come in when another one goes, and go when an older one comes', () => {
    const store = storeWith(one, two, late);
    store.putConstraint('D', constraint('D', 'd'));
    expect(inForce(store)).toEqual(['A', 'B', 'D']);
    store.putTemplate(early);
    expect(inForce(store)).toEqual(['A', 'B', 'C']);
    expect(store.constraints()[0]?.inForce).toHaveProperty('why');
    // A status that comes back by the watch changes nothing.
    store.putTemplate({ ...late, status: { created: false } });
    expect(inForce(store)).toEqual(['A', 'B', 'C']);
    store.deleteTemplate('b');
    expect(inForce(store)).toEqual(['A', 'C', 'D']);
    expect(store.constraints()[0]?.inForce).toHaveProperty('template');
  });

  test('are refused on their way in; those that are there may change', () => {
    const store = storeWith(one, two, early);
    expect(store.template(late)).toMatchObject([
      { message: expect.stringContaining('3 templates') as string },
    ]);
    expect(store.template(two)).toEqual([]);
    store.deleteTemplate('a');
    expect(store.template(late)).toEqual([]);
  });
});
