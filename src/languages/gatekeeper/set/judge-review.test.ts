import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { constraint, storeOf, template } from '../../../../test/fakes/constraints.ts';
import { atOnce } from '../../../core/steps.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { maxSteps } from '../../rego/evaluate/budget.ts';
import { evaluateTurn, type CompiledTemplates } from '../evaluation/evaluation-turn.ts';
import type { CompiledConstraints } from './constraint-set.ts';
import type { EvaluatedTurn } from './judge-review.ts';

type Question = Parameters<CompiledConstraints['judging']>[0];
type Step = ReturnType<CompiledConstraints['judging']> extends Generator<unknown, infer T> ? T : never;
type Answers = Extract<Step, { readonly ok: true }>['value'];
type Long = Extract<Answers, { readonly turn: unknown }>;

/** By kind: what a template may do, cheaper than it says. */
const rules: Readonly<Record<string, string>> = {
  Prints: 'violation[{"msg": m}] { m := json.marshal(input.review.object) }',
  Labels:
    'violation[{"msg": m, "details": {"key": k}}] { v := input.review.object.metadata.labels[k]; m := sprintf("%v is %v", [k, v]) }',
  Old: 'violation[{"msg": m, "details": input.review.oldObject}] { m := sprintf("%v by %v", [input.review.operation, input.review.userInfo]) }',
  Parameters: 'violation[{"msg": m}] { m := sprintf("%v", [input.parameters]) }',
  Surroundings: 'violation[{"msg": m}] { m := sprintf("%v %v", [time.now_ns(), uuid.rfc4122("x")]) }',
  Namespace: 'violation[{"msg": m}] { m := sprintf("%v", [input.review.namespaceObject]) }',
  Conflict: 'p = 1 { true }\np = 2 { true }\nviolation[{"msg": "m"}] { p }',
  NoText: 'violation[{"msg": 1}] { true }\nviolation[{"say": "nothing"}] { true }',
  Quiet: 'violation[{"msg": "m"}] { false }',
  Many: 'violation[{"msg": m}] { n := numbers.range(1, 600)[_]; m := sprintf("%d", [n]) }',
  /** More than what is evaluated at once, and less than the whole budget. It is asked before all others. */
  ALong: 'violation[{"msg": "long"}] { count([x | x := numbers.range(1, 20000)[_]; x > 0]) > 0 }',
  /** More than the whole budget, by calls that are priced by what they are given. */
  Endless:
    'violation[{"msg": "m"}] { big := numbers.range(1, 20000); x := numbers.range(1, 1000)[_]; array.slice(big, 0, x) == [] }',
  Large: 'violation[{"msg": "m"}] { x := numbers.range(1, 3)[_]; count(sprintf("%1000000d", [x])) < 0 }',
};
const kinds = Object.keys(rules);
const schema = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
const templates = kinds.map((kind) => {
  const made = template(kind, rules[kind] ?? '');
  const crd = { spec: { names: { kind }, validation: { openAPIV3Schema: schema } } };
  return { ...made, spec: { ...(made['spec'] as JsonObject), crd } };
});
/** Constraints of these kinds, which are asked in this order. `actions`: of each; they deny where it holds none. */
const setOf = (
  asked: readonly string[],
  parameters: JsonObject = {},
  actions: readonly string[] = [],
): CompiledConstraints =>
  storeOf(
    templates,
    asked.map((kind, at) =>
      constraint(kind, `c${String(at).padStart(2, '0')}`, {
        parameters,
        enforcementAction: actions[at] ?? 'deny',
      }),
    ),
  ).set((text) => text);

const pod: JsonObject = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x', labels: { a: 'b' } } };
const requestFor = (object: JsonObject | null, more: JsonObject = {}): JsonObject => ({
  uid: 'u',
  kind: { group: '', version: 'v1', kind: 'Pod' },
  operation: 'CREATE',
  namespace: 'shop',
  userInfo: { username: 'tenant' },
  object,
  ...more,
});
const question = (request: JsonObject = requestFor(pod)): Question => ({
  request,
  namespace: undefined,
  now: 1_700_000_000_000,
});

const answersOf = (set: CompiledConstraints, asked: Question): Answers => {
  const result = atOnce(set.judging(asked));
  if (!result.ok) throw new Error(result.error);
  return result.value;
};
const longOf = (set: CompiledConstraints, asked = question()): Long => {
  const answers = answersOf(set, { ...asked, hasThreads: true });
  if (!('turn' in answers)) throw new Error('nothing took long');
  return answers;
};

/** As a thread does a turn that it ends after so many evaluations. */
const turnOf = ({ turn }: Long, most: number, compiled: CompiledTemplates = new Map()): EvaluatedTurn => {
  const evaluated = [];
  for (const one of evaluateTurn(structuredClone(turn), compiled)) {
    evaluated.push(structuredClone(one));
    if (evaluated.length >= most) break;
  }
  return { evaluated };
};
const throughThreads = (set: CompiledConstraints, asked: Question, most = Infinity): Answers => {
  const compiled: CompiledTemplates = new Map();
  let answers = answersOf(set, { ...asked, hasThreads: true });
  while ('turn' in answers) answers = answers.goOn(turnOf(answers, most, compiled));
  return answers;
};

/** Texts of JSON that one reader may read otherwise than another. */
const oddValue = fc.oneof(
  fc.json({ maxDepth: 3 }),
  fc.constantFrom('-0', '1e400', '0.1e-7', '12345678901234567890', '"\\ud800"', '"\\u0000a"', '1E2'),
);
const oddKey = fc.constantFrom('__proto__', 'constructor', 'toString', 'a', 'é', '\uD800', '\u0000', '\\u');
const oddObject = fc
  .array(fc.tuple(oddKey, oddValue), { maxLength: 5 })
  .map(
    (fields) =>
      JSON.parse(
        `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x","labels":{"a":"b"}}${fields.map(([key, text]) => `,${JSON.stringify(key)}:${text}`).join('')}}`,
      ) as JsonObject,
  );
const oddParameters = fc
  .array(fc.tuple(oddKey, oddValue), { maxLength: 3 })
  .map(
    (fields) =>
      JSON.parse(
        `{${fields.map(([key, text]) => `${JSON.stringify(key)}:${text}`).join(',')}}`,
      ) as JsonObject,
  );
const requests = fc.oneof(
  oddObject.map((object) => requestFor(object)),
  fc
    .tuple(oddObject, oddObject)
    .map(([object, oldObject]) => requestFor(object, { operation: 'UPDATE', oldObject })),
  oddObject.map((oldObject) => requestFor(null, { operation: 'DELETE', oldObject })),
);
const namespaces = fc.oneof(
  fc.constantFrom<Question['namespace']>(undefined, { state: 'absent' }),
  oddObject.map((value): Question['namespace'] => ({ state: 'known', value })),
);

describe('what a thread evaluates is what would have come of it at once', () => {
  test('whatever the templates, the request and the ends of its turns are', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...kinds), { minLength: 1, maxLength: 6 }),
        requests,
        oddParameters,
        namespaces,
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.constantFrom('deny', 'warn', 'dryrun'), { minLength: 7, maxLength: 7 }),
        (asked, request, parameters, namespace, most, actions) => {
          const set = setOf(['ALong', ...asked], parameters, actions);
          const one: Question = { ...question(request), namespace };
          expect(throughThreads(set, one, most)).toEqual(answersOf(set, one));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('steps that a review has left, and that it has not', () => {
    const set = setOf(['ALong', 'Endless', 'Endless', 'Endless', 'Endless', 'Labels', 'Quiet']);
    const answers = answersOf(set, question());
    expect(throughThreads(set, question(), 2)).toEqual(answers);
    expect('judgements' in answers && answers.judgements.map(({ problems }) => problems[0]?.message)).toEqual(
      [
        undefined,
        ...Array.from({ length: 4 }, () =>
          expect.stringContaining('budget_exceeded: evaluation took more than'),
        ),
        ...Array.from({ length: 2 }, () => 'the constraints of this review took too many steps together'),
      ],
    );
  });

  test('what was tried at once and took too long costs the review nothing', () => {
    const short = answersOf(setOf(['Labels']), question());
    expect(short).toMatchObject({ judgements: [{ violations: [{ msg: 'a is b' }] }] });
    const { turn } = longOf(setOf(['Labels', 'Large']));
    expect(turn.evaluations).toHaveLength(1);
    expect(turn.stepsLeft).toBeLessThan(4 * maxSteps);
    expect(turn.stepsLeft).toBeGreaterThan(4 * maxSteps - 1000);
  });
});

describe('where a thread is there', () => {
  test.each([
    ['steps', 'ALong', 3],
    ['bytes', 'Large', 2],
    ['parts of values', 'Walks', 2],
  ])('an evaluation that needs many %s is left to it, and those behind it', (_what, kind, left) => {
    const walks = template(
      'Walks',
      'violation[{"msg": "m"}] { x := input.review.object.list; y := numbers.range(1, 200)[_]; {x, [y]} == set() }',
    );
    const list = Array.from({ length: 1000 }, () => [0]);
    const last = template('ZLast', rules['Quiet'] ?? '');
    const set = storeOf(
      [...templates, walks, last],
      [constraint('Conflict', 'a'), constraint(kind, 'b'), constraint('ZLast', 'c')],
    ).set((text) => text);
    const one = question(requestFor({ ...pod, list }));
    const { turn } = longOf(set, one);
    expect(turn.evaluations).toHaveLength(left);
    expect(throughThreads(set, one)).toEqual(answersOf(set, one));
  });

  test('what takes little is evaluated at once', () => {
    const set = setOf(['Labels', 'Conflict', 'NoText', 'Many', 'Quiet']);
    expect(answersOf(set, { ...question(), hasThreads: true })).toEqual(answersOf(set, question()));
  });

  test('it is left those that refuse in a turn of their own, before all others', () => {
    const kinds = ['Labels', 'Old', 'Quiet', 'ALong'];
    const set = setOf(kinds, {}, ['warn', 'deny', 'dryrun', 'warn']);
    expect(longOf(set)).toMatchObject({ isDenying: false, turn: { evaluations: [{}, {}, {}] } });
    const mixed = setOf(['ALong', ...kinds], {}, ['deny', 'warn', 'deny', 'dryrun', 'warn']);
    const first = longOf(mixed);
    expect([first.isDenying, first.turn.evaluations.length]).toEqual([true, 2]);
    const second = first.goOn(turnOf(first, Infinity));
    expect(second).toMatchObject({ isDenying: false, turn: { evaluations: [{}, {}, {}] } });
    expect(throughThreads(mixed, question())).toEqual(answersOf(mixed, question()));
  });

  test('nothing is left to it where none is there', () => {
    expect(answersOf(setOf(['ALong', 'Endless']), question())).toHaveProperty('judgements');
  });
});

describe('what a thread could not evaluate is an error of that constraint', () => {
  const set = setOf(['ALong', 'Labels', 'Quiet']);
  /** The problem of each constraint that was asked, by kind. */
  const problemsOf = (answers: Answers): unknown =>
    'judgements' in answers &&
    answers.judgements.map(({ kind, problems }) => [kind, ...problems.map(({ message }) => message)]);

  test('the others are evaluated', () => {
    const long = longOf(set);
    expect(long.turn.evaluations).toHaveLength(3);
    const next = long.goOn({ evaluated: [], failed: { why: 'a crash', isBegun: true } });
    if (!('turn' in next)) throw new Error('two are left');
    expect(long.turn.stepsLeft - next.turn.stepsLeft).toBe(maxSteps);
    expect(problemsOf(next.goOn(turnOf(next, 9)))).toEqual([['ALong', 'a crash'], ['Labels'], ['Quiet']]);
  });

  test('what came before it stays, and where none was begun, none is asked again', () => {
    const begun = longOf(setOf(['ALong', 'ALong', 'Quiet', 'Quiet']));
    const failed = { why: 'no thread', isBegun: false };
    expect(problemsOf(begun.goOn({ ...turnOf(begun, 1), failed }))).toEqual([
      ['ALong'],
      ['ALong', 'no thread'],
      ['Quiet', 'no thread'],
      ['Quiet', 'no thread'],
    ]);
  });

  test('a thread that says nothing at all ends the review all the same', () => {
    let answers: Answers = longOf(set);
    while ('turn' in answers) answers = answers.goOn({ evaluated: [] });
    const nothing = 'its thread said nothing';
    expect(problemsOf(answers)).toEqual([
      ['ALong', nothing],
      ['Labels', nothing],
      ['Quiet', nothing],
    ]);
  });
});
