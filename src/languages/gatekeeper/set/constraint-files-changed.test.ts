import { describe, expect, test } from 'vitest';
import { atOnce } from '../../../core/steps.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { constraint, template } from '../../../../test/fakes/constraints.ts';
import { createConstraintFiles } from './constraint-files.ts';

const documentsOf = (objects: readonly JsonObject[]) =>
  objects.map((gatekeeper, at) => ({
    file: `${at}.yaml`,
    line: 1,
    column: 1,
    gatekeeper,
    locate: () => ({ line: 1, column: 1 }),
  }));
const named = (name: string, rego = 'violation[{"msg": "x"}] { true }') => template(name, rego);

/** How many documents were read, and how many constraints are in force or what is wrong. */
const reader = () => {
  const reading = createConstraintFiles((text) => text);
  return (...objects: readonly JsonObject[]): readonly [number, number | readonly string[]] => {
    const steps = reading(documentsOf(objects));
    let count = 0;
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) count += 1;
    const set = step.value;
    if (!set.ok) return [count, set.error.map(({ message }) => message)];
    const request = { operation: 'CREATE', object: { apiVersion: 'v1', kind: 'Pod' }, namespace: 'a' };
    const answers = atOnce(set.value.set.judging({ request, namespace: undefined, now: 0 }));
    return [count, answers.ok && 'judgements' in answers.value ? answers.value.judgements.length : -1];
  };
};

describe('what stood in the set before is not read again', () => {
  const set = [named('K8sA'), named('K8sB'), constraint('K8sA', 'a'), constraint('K8sB', 'b')];

  test('the same set reads nothing, wherever its documents stand now', () => {
    const read = reader();
    expect(read(...set)).toEqual([4, 2]);
    expect(read(...set)).toEqual([0, 2]);
    expect(read(...set.toReversed())).toEqual([0, 2]);
  });

  test('a template that changes is read with its constraints, and nothing else', () => {
    const read = reader();
    read(...set);
    const changed = named('K8sA', 'violation[{"msg": "y"}] { true }');
    expect(read(changed, ...set.slice(1))).toEqual([2, 2]);
    expect(read(changed, ...set.slice(1))).toEqual([0, 2]);
  });

  test('a constraint that changes is read alone', () => {
    const read = reader();
    read(...set);
    expect(read(...set.slice(0, 3), constraint('K8sB', 'c'))).toEqual([1, 2]);
  });

  test('what left the set is forgotten', () => {
    const read = reader();
    read(...set);
    expect(read(named('K8sA'), constraint('K8sA', 'a'))).toEqual([0, 1]);
    expect(read(...set)).toEqual([2, 2]);
  });

  test('what is wrong stays wrong, and a constraint is read again once its template is there', () => {
    const read = reader();
    const broken = named('K8sA', 'violation[');
    const first = read(broken, constraint('K8sA', 'a'));
    expect(first).toEqual([1, [expect.stringContaining('rego_parse_error')]]);
    expect(read(broken, constraint('K8sA', 'a'))).toEqual([0, first[1]]);
    expect(read(constraint('K8sA', 'a'))[1]).toEqual([expect.stringContaining('no template of this set')]);
    expect(read(named('K8sB'), constraint('K8sA', 'a'))[1]).toEqual([expect.stringContaining('no template')]);
    expect(read(named('K8sA'), constraint('K8sA', 'a'))[1]).toBe(1);
  });
});
