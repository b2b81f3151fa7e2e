import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { constraint, storeOf, template } from '../../../../test/fakes/constraints.ts';
import type { CompiledConstraints } from './constraint-set.ts';

const templates = [
  template('K8sSilent', 'violation[{"msg": "x"}] { false }'),
  template('K8sReader', 'violation[{"msg": "x"}] { input.review.namespaceObject.metadata.labels.a == "b" }'),
];
const kinds = [{ apiGroups: [''], kinds: ['Pod'] }];
const setOf = (constraints: readonly JsonObject[]): CompiledConstraints =>
  storeOf(templates, constraints).set((text) => text);
const named = (count: number, match: JsonObject): readonly JsonObject[] =>
  Array.from({ length: count }, (_unused, at) =>
    constraint('K8sSilent', `${JSON.stringify(match).length}-${at}`, { match }),
  );
const requestFor = (kind: string, more: JsonObject = {}): JsonObject => ({
  uid: 'u',
  kind: { group: '', version: 'v1', kind },
  operation: 'CREATE',
  namespace: 'shop',
  object: { apiVersion: 'v1', kind, metadata: { name: 'x', namespace: 'shop' } },
  ...more,
});

/** How many steps it takes, and how many constraints have judged. */
const judged = (set: CompiledConstraints, request: JsonObject): readonly [number, number] => {
  const steps = set.judging({ request, namespace: undefined, now: 0 });
  let count = 0;
  for (;;) {
    const step = steps.next();
    if (step.done !== true) count += 1;
    else if (!step.value.ok || 'turn' in step.value.value) return [count, -1];
    else return [count, step.value.value.judgements.length];
  }
};

describe('a step evaluates one constraint at most', () => {
  test('those that speak of the request take one each, those that do not few together', () => {
    const set = setOf([...named(5, { kinds }), ...named(320, { namespaces: ['other'] })]);
    expect(judged(set, requestFor('Pod'))).toEqual([15, 5]);
    expect(judged(set, requestFor('Pod', { namespace: 'other' }))).toEqual([325, 325]);
    expect(judged(set, requestFor('Service'))).toEqual([10, 0]);
  });
});

describe('the Namespace object is looked up for a constraint that may speak of the request', () => {
  const selected = constraint('K8sSilent', 'selected', {
    match: { kinds, namespaceSelector: { matchLabels: { a: 'b' } } },
  });
  const reading = constraint('K8sReader', 'reading', { match: { kinds } });
  const plain = constraint('K8sSilent', 'plain');
  test.each([
    ['with a selector', [plain, selected], requestFor('Pod'), true],
    ['with a template that reads it', [plain, reading], requestFor('Pod'), true],
    ['of another kind', [plain, selected, reading], requestFor('Service'), false],
    [
      'of the kind before the change',
      [selected],
      requestFor('Service', { oldObject: requestFor('Pod')['object'] }),
      true,
    ],
    ['of an object without a namespace', [selected], requestFor('Pod', { namespace: '' }), false],
    ['of a request without objects', [selected], requestFor('Pod', { object: null }), true],
    ['neither', [plain], requestFor('Pod'), false],
  ] as const)('%s', (_title, constraints, request, wanted) => {
    expect(setOf(constraints).needsNamespace(request)).toBe(wanted);
  });
});

describe('an object of a cluster that nests deeper than one of a file may', () => {
  // A schema that lets everything through.
  const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const crd = { spec: { names: { kind: 'K8sNamed' }, validation: { openAPIV3Schema: schema } } };
  const byName = template(
    'K8sNamed',
    'violation[{"msg": "x"}] { input.review.object.metadata.name == input.parameters.names[_] }',
  );
  const open = { ...byName, spec: { ...(byName['spec'] as JsonObject), crd } };
  const deep = (levels: number): JsonValue =>
    JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`) as JsonValue;
  const judgementsOf = (
    templatesOfStore: readonly JsonObject[],
    more: Readonly<Record<string, JsonValue>>,
  ): unknown => {
    const found = [
      constraint('K8sNamed', 'deep', { parameters: { names: ['x'], ...more } }),
      constraint('K8sSilent', 'beside'),
    ];
    const set = storeOf(templatesOfStore, found).set((text) => text);
    const steps = set.judging({ request: requestFor('Pod'), namespace: undefined, now: 0 });
    let step = steps.next();
    while (step.done !== true) step = steps.next();
    return step.value;
  };
  const unusable = {
    name: 'deep',
    actions: ['deny'],
    problems: [
      { code: 'constraint-unusable', message: expect.stringContaining('nested deeper than 200 levels') },
    ],
  };
  const violated = { name: 'deep', violations: [{ msg: 'x' }], problems: [] };
  const beside = { name: 'beside', violations: [], problems: [] };

  // The constraint, its `spec` and its parameters are three levels.
  test.each([
    ['197 levels of a parameter are read', 197, violated],
    ['198 are not, and the constraint says so', 198, unusable],
    ['no more are 10,000', 10_000, unusable],
    ['nor more than the stack holds', 100_000, unusable],
  ])('%s', (_what, levels, judgement) => {
    const judgements = judgementsOf([...templates, open], { deep: deep(levels) });
    expect(judgements).toMatchObject({ value: { judgements: [judgement, beside] } });
  });

  test('a template that does is unusable, and no other', () => {
    const spec = { ...(open.spec as JsonObject), extra: deep(10_000) };
    const judgements = judgementsOf([...templates, { ...open, spec }], {});
    expect(judgements).toMatchObject({ value: { judgements: [unusable, beside] } });
  });
});
