import { describe, expect, test } from 'vitest';
import type { JsonObject, JsonValue } from '../../core/text/json/json.ts';
import { maxBytes, maxSteps } from '../rego/evaluate/budget.ts';
import { readConstraint } from './constraint.ts';
import { readTemplate } from './constraint-template.ts';
import { inventoryOf } from './inventory.ts';
import { judgeConstraint, type Judgement, type Judging } from './judge-constraint.ts';
import { isNamespaceExcluded, readExcludedNamespaces } from './excluded-namespaces.ts';
import { reviewOfObject, reviewOfRequest, type ConstraintReview } from './review.ts';

const pod: JsonObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { replicas: 1_000_650_000 },
};

interface Given {
  readonly rules: string;
  readonly spec?: JsonObject;
  readonly schema?: JsonObject;
  readonly operations?: readonly string[];
  readonly review?: ConstraintReview;
  readonly judging?: Partial<Judging>;
}
const judged = ({ rules, spec, schema, operations, review, judging }: Given): Judgement | undefined => {
  const template = readTemplate(
    {
      apiVersion: 'templates.gatekeeper.sh/v1beta1',
      kind: 'ConstraintTemplate',
      metadata: { name: 'k8sbad' },
      spec: {
        crd: {
          spec: {
            names: { kind: 'K8sBad' },
            ...(schema === undefined ? {} : { validation: { openAPIV3Schema: schema } }),
          },
        },
        targets: [
          {
            target: 'admission.k8s.gatekeeper.sh',
            rego: `package a\n${rules}`,
            ...(operations === undefined ? {} : { operations }),
          },
        ],
      },
    },
    { hasInventory: true },
  );
  if (!template.ok) throw new Error(JSON.stringify(template.error));
  const constraint = readConstraint(
    {
      apiVersion: 'constraints.gatekeeper.sh/v1beta1',
      kind: 'K8sBad',
      metadata: { name: 'bad' },
      ...(spec === undefined ? {} : { spec }),
    },
    template.value,
  );
  if (!constraint.ok) throw new Error(JSON.stringify(constraint.error));
  return judgeConstraint(constraint.value, review ?? reviewOfObject(pod), {
    point: 'validation.gatekeeper.sh',
    surroundings: { now: 0n, seed: 'test' },
    ...judging,
  });
};
const messages = (given: Given): readonly string[] => judged(given)?.violations.map(({ msg }) => msg) ?? [];

describe('what a template says', () => {
  test.each<readonly [string, string, readonly string[]]>([
    ['no violation', 'violation[{"msg": "x"}] { false }', []],
    ['each message once', 'violation[{"msg": "x", "n": n}] { n := [1, 2][_] }', ['x']],
    ['messages in the order of OPA', 'violation[{"msg": m}] { m := ["b", "a"][_] }', ['a', 'b']],
    ['items of a list', 'violation = [{"msg": "x"}]', ['x']],
    ['values of an object', 'violation = {"k": {"msg": "x"}}', ['x']],
    ['nothing of a text', 'violation = "x"', []],
    [
      'numbers of the object as float64',
      'violation[{"msg": m}] { m := sprintf("%v", [input.review.object.spec.replicas]) }',
      ['1.00065e+09'],
    ],
    ['no namespace as null', 'violation[{"msg": "x"}] { input.review.namespaceObject == null }', ['x']],
    ['no operation of a bare object', 'violation[{"msg": "x"}] { input.review.operation == "" }', ['x']],
  ])('%s', (_title, rules, wanted) => {
    expect(messages({ rules })).toEqual(wanted);
  });

  test('details that hold one value a billion times are an error, also in a list', () => {
    const lines = Array.from({ length: 40 }, (_unused, at) => `x${at + 1} := [x${at}, x${at}]`).join('\n');
    const rules = `violation = v { x0 := input.review.object\n${lines}\nv := [{"msg": "x", "details": x40}] }`;
    expect(judged({ rules })).toMatchObject({
      violations: [],
      error: expect.stringContaining('budget_exceeded: values of more than'),
    });
  });

  test('details are JSON, and an empty object where there are none', () => {
    const rules =
      'violation[{"msg": "a", "details": {"s": {2, 1}}}] { true }\nviolation[{"msg": "b"}] { true }';
    const details = judged({ rules })?.violations.map((one): JsonValue => one.details);
    expect(details).toEqual([{}, { s: [1, 2] }]);
  });

  test('a violation without a message is no result, but it is counted', () => {
    const judgement = judged({ rules: 'violation[{"mesg": "x"}] { true }\nviolation["y"] { true }' });
    expect(judgement).toMatchObject({ violations: [], withoutMessage: 2 });
    expect(judgement).not.toHaveProperty('error');
  });

  test('the builtin objects of JavaScript are no keys', () => {
    const object = JSON.parse(
      '{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"__proto__":"p"}}}',
    ) as JsonObject;
    const rules = 'violation[{"msg": k}] { input.review.object.metadata.labels[k] }';
    expect(messages({ rules, review: reviewOfObject(object) })).toEqual(['__proto__']);
  });
});

describe('parameters', () => {
  const rules = 'violation[{"msg": m}] { m := json.marshal(input.parameters) }';
  test.each<readonly [string, JsonObject | undefined, readonly string[]]>([
    ['none are an empty object', undefined, ['{}']],
    ['defaults are added', { parameters: {} }, ['{"level":"high"}']],
    ['what is given stays', { parameters: { level: 'low' } }, ['{"level":"low"}']],
    ['numbers are int64', { parameters: { level: 1_000_650_000 } }, ['{"level":1000650000}']],
  ])('%s', (_title, spec, wanted) => {
    const schema = { properties: { level: { default: 'high' } } };
    expect(messages({ rules, schema, ...(spec === undefined ? {} : { spec }) })).toEqual(wanted);
  });
});

describe('errors are never "no violation"', () => {
  test.each<readonly [string, Given, string]>([
    [
      'a conflict, in the words of OPA',
      { rules: 'p = 1 { true }\np = 2 { true }\nviolation[{"msg": "x"}] { p }' },
      'template:3: eval_conflict_error: complete rules must not produce multiple outputs',
    ],
    [
      'a message that is no text',
      { rules: 'violation[{"msg": 1}] { true }' },
      'the "msg" of a violation is no text but number',
    ],
    [
      'an evaluation without end',
      { rules: 'violation[{"msg": "x"}] { numbers.range(1, 3000)[_] + numbers.range(1, 3000)[_] < 0 }' },
      `budget_exceeded: evaluation took more than ${maxSteps} steps`,
    ],
    [
      'a large object in the details of many violations',
      {
        rules:
          'violation[{"msg": m, "details": d}] { d := input.review.object; m := numbers.range(1, 200)[_] }',
        review: reviewOfObject({ ...pod, text: 'x'.repeat(200_000) }),
      },
      `budget_exceeded: evaluation made more than ${maxBytes} bytes`,
    ],
    [
      'the same of violations in a list',
      {
        rules:
          'violation = [{"msg": "m", "details": input.review.object, "n": n} | n := numbers.range(1, 200)[_]]',
        review: reviewOfObject({ ...pod, text: 'x'.repeat(200_000) }),
      },
      `budget_exceeded: violations take more than ${maxBytes} bytes`,
    ],
    [
      'a review that has no steps left',
      { rules: 'violation[{"msg": "x"}] { true }', judging: { stepsLeft: 0 } },
      'the constraints of this review took too many steps together',
    ],
    [
      'a namespace that nobody knows',
      {
        rules: 'violation[{"msg": "x"}] { true }',
        spec: { match: { namespaceSelector: { matchLabels: { a: 'b' } } } },
      },
      'unable to match constraints: error matching the requested object: web :failed to run Match criteria: namespace selector for namespace-scoped object but missing Namespace',
    ],
  ])('%s', (_title, given, wanted) => {
    expect(judged(given)).toMatchObject({ actions: ['deny'], error: wanted });
  });

  test('steps are told, so that a caller can bound a whole review', () => {
    const few = judged({ rules: 'violation[{"msg": "x"}] { true }' })?.steps ?? 0;
    const many = judged({ rules: 'violation[{"msg": "x"}] { numbers.range(1, 900)[_] == 0 }' })?.steps ?? 0;
    expect(few).toBeGreaterThan(0);
    expect(many).toBeGreaterThan(few + 800);
  });
});

describe('who is asked', () => {
  const rules = 'violation[{"msg": "x"}] { true }';
  const request = (operation: string, rest: JsonObject = {}): ConstraintReview => {
    const review = reviewOfRequest({ operation, object: pod, oldObject: pod, ...rest });
    if (!review.ok) throw new Error(review.error);
    return review.value;
  };

  test('an object that does not match is not judged', () => {
    expect(judged({ rules, spec: { match: { name: 'other' } } })).toBeUndefined();
  });

  test('a webhook asks about the operations of the template alone', () => {
    const operations = ['CREATE'];
    expect(judged({ rules, operations, review: request('UPDATE') })).toBeUndefined();
    expect(judged({ rules, operations, review: request('CREATE') })?.violations).toHaveLength(1);
    const judging = { point: 'audit.gatekeeper.sh' } as const;
    expect(judged({ rules, operations, judging })?.violations).toHaveLength(1);
  });

  test('a deletion is judged by the object that goes', () => {
    const named = 'violation[{"msg": m}] { m := input.review.object.metadata.name }';
    expect(messages({ rules: named, review: request('DELETE', { object: null }) })).toEqual(['web']);
    expect(reviewOfRequest({ operation: 'DELETE', object: null })).toEqual({
      ok: false,
      error: 'oldObject cannot be nil for DELETE operations',
    });
  });

  test('objects of the cluster stand by namespace, version, kind and name', () => {
    const paths =
      'violation[{"msg": m}] { data.inventory.namespace[a][b][c][d]; m := concat(" ", [a, b, c, d]) }\n' +
      'violation[{"msg": m}] { data.inventory.cluster[b][c][d]; m := concat(" ", [b, c, d]) }';
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n' } };
    const inventory = inventoryOf([pod, node]);
    expect(messages({ rules: paths, judging: { inventory } })).toEqual(['shop v1 Pod web', 'v1 Node n']);
  });
});

describe('Config', () => {
  const config = (match: readonly JsonObject[]): JsonObject => ({
    apiVersion: 'config.gatekeeper.sh/v1alpha1',
    kind: 'Config',
    metadata: { name: 'config' },
    spec: { match },
  });
  const globs = (match: readonly JsonObject[]): readonly string[] => {
    const read = readExcludedNamespaces(config(match));
    return read.ok ? read.value : [];
  };

  test('namespaces are excluded for the webhook and for all processes, no others', () => {
    const match = ['webhook', '*', 'audit'].map((process) => ({
      processes: [process],
      excludedNamespaces: [`${process.replace('*', 'all')}-*`],
    }));
    expect(globs(match)).toEqual(['webhook-*', 'all-*']);
  });

  test.each<readonly [string, JsonObject, boolean]>([
    ['an object in the namespace', pod, true],
    ['the Namespace itself', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } }, true],
    ['another namespace', { ...pod, metadata: { namespace: 'bank' } }, false],
    ['an object in none', { apiVersion: 'v1', kind: 'Node', metadata: { name: 'shop' } }, false],
  ])('%s', (_title, object, wanted) => {
    expect(isNamespaceExcluded(['sh*', 'x'], reviewOfObject(object))).toBe(wanted);
  });

  test('a star in the middle of a glob is refused: Gatekeeper compares it as it stands, and excludes nothing', () => {
    expect(readExcludedNamespaces(config([{ processes: ['*'], excludedNamespaces: ['a*b'] }])).ok).toBe(
      false,
    );
  });

  test('a Config of another name counts for nothing', () => {
    expect(readExcludedNamespaces({ ...config([]), metadata: { name: 'mine' } }).ok).toBe(false);
  });
});
