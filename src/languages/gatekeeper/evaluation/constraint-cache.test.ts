import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { constraint, storeOf, template } from '../../../../test/fakes/constraints.ts';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { maxSteps } from '../../rego/evaluate/budget.ts';
import { RegoObject } from '../../rego/values/value.ts';
import type { Constraint } from '../constraint.ts';
import { askedOf } from '../judge-constraint.ts';
import { reviewOfRequest, type ConstraintReview } from '../review.ts';
import { evaluateConstraint, type ConstraintEvaluation } from './evaluate-constraint.ts';
import { createConstraintCache, type ConstraintCache } from './constraint-cache.ts';

/** Ways to read a review. Each is a template, and what it says is all that it has read. */
const bodies: Readonly<Record<string, string>> = {
  LabelValues: 'v := o.metadata.labels[k]; m := sprintf("%v is %v", [k, v])',
  LabelKeys: 'o.metadata.labels[k]; m := k',
  LabelCount: 'm := sprintf("%d", [count(o.metadata.labels)])',
  ListedKeys: 'm := sprintf("%v", [object.keys(o.metadata.labels)])',
  LabelGet: 'm := sprintf("%v", [object.get(o.metadata.labels, "a", "none")])',
  LabelByName: 'm := o.metadata.labels[o.metadata.name]',
  LabelByNumber: 'o.metadata.labels[1]; m := "a number"',
  NoLabel: 'not o.metadata.labels.a; m := "no label"',
  LabelOfNull: 'o.metadata.labels[null]; m := "null"',
  NulLabel: 'm := o.metadata.labels["\\u0000x"]',
  ProtoLabel: 'm := o.metadata.labels["__proto__"]',
  ReplacedLabel: 'm := o.metadata.labels["\\ufffd"]',
  Walked: 'walk(o, [p, v]); is_string(v); m := sprintf("%v %v", [p, v])',
  Marshalled: 'm := json.marshal(o.spec)',
  Filtered: 'm := json.marshal(json.filter(o, ["metadata/name", "spec/hostNetwork"]))',
  Removed: 'm := json.marshal(object.remove(o.metadata, ["name"]))',
  United: 'm := json.marshal(object.union(o.metadata, {"name": "other"}))',
  SameAsOld: 'o == input.review.oldObject; m := "the same"',
  BeforeOld: 'o.metadata < input.review.oldObject.metadata; m := "before"',
  Privileged: 'c := o.spec.containers[_]; c.securityContext.privileged; m := c.name',
  NotPrivileged: 'c := o.spec.containers[i]; not c.securityContext.privileged; m := sprintf("%d", [i])',
  FirstContainer: 'm := o.spec.containers[0].image',
  LastContainer: 'm := o.spec.containers[count(o.spec.containers) - 1].image',
  NoContainer: 'count(o.spec.containers) == 0; m := "none"',
  Images: 'c := o.spec.containers[_]; startswith(c.image, "good/"); m := c.image',
  SomeObject: 'o.spec.containers[_] == {"name": "a", "image": "good/x"}; m := "that one"',
  ContainerSet: 's := {c | c := o.spec.containers[_]}; m := sprintf("%d", [count(s)])',
  SetRule: 'cs[c]; c.securityContext.privileged; m := c.name',
  SetRuleCount: 'm := sprintf("%d", [count(cs)])',
  SetOfBoth:
    's := {c | c := o.spec.containers[_]} | {c | c := input.review.oldObject.spec.containers[_]}; m := sprintf("%d", [count(s)])',
  SetMeets:
    's := {c | c := o.spec.containers[_]} & {c | c := input.review.oldObject.spec.containers[_]}; m := json.marshal(s)',
  SetWithout: 's := {c | c := o.spec.containers[_]} - {{"name": "a"}}; m := sprintf("%d", [count(s)])',
  SetMixed:
    's := {c | c := array.concat(o.spec.containers, [{"name": "a"}, "x"])[_]}; m := sprintf("%d", [count(s)])',
  SetHolds: 'cs[{"name": "a"}]; m := "held"',
  SetHoldsOld: 'cs[input.review.oldObject.spec.containers[0]]; m := "held"',
  SetsEqual:
    '{c | c := o.spec.containers[_]} == {c | c := input.review.oldObject.spec.containers[_]}; m := "equal"',
  SetOfLists: 's := {[c, i] | c := o.spec.containers[i]}; m := sprintf("%d", [count(s)])',
  SetList: 'm := sprintf("%v", [[c.name | cs[c]]])',
  Sorted: 'm := sprintf("%v", [[c.name | c := sort(o.spec.containers)[_]]])',
  Least: 'm := min(cs).name',
  Before: 'o.spec.containers[0] < o.spec.containers[1]; m := "before"',
  Differ: 'o.spec.containers[0] != o.spec.containers[1]; m := "differ"',
  ByObject: 'x := {c: i | c := o.spec.containers[i]}; m := sprintf("%d", [count(x)])',
  Subset: 'object.subset(o.metadata, input.review.oldObject.metadata); m := "subset"',
  Kinds: 'm := type_name(o.spec.hostNetwork)',
  HostNetwork: 'not o.spec.hostNetwork; m := "own network"',
  With: 'm := sprintf("%v", [hostNetwork]) with input.review.object.spec.hostNetwork as true',
  WithSpec:
    'm := sprintf("%v", [hostNetwork]) with input.review.object.spec as {"hostNetwork": input.review.object.metadata.name}',
  Fields: 'x := o[f]; is_object(x); m := f',
  Details: 'm := "see there"',
  NameWhenDenied: 'o.spec.hostNetwork; m := o.metadata.name',
  EveryOne: 'every c in o.spec.containers { c.image == "good/x" }; m := "all good"',
  Member: '"x" in o.metadata.labels; m := "x"',
  Operation: 'm := input.review.operation',
  Namespace: 'm := sprintf("%v", [input.review.namespaceObject.metadata.labels])',
  User: 'm := sprintf("%v", [input.review.userInfo.groups])',
  Clock: 'm := sprintf("%v", [time.now_ns()])',
  Random: 'm := uuid.rfc4122("x")',
  Exempt:
    'c := o.spec.containers[_]; exempt := object.get(input, ["parameters", "exempt"], []); i := c.image; e := exempt[_]; startswith(i, e); m := i',
  NotExempt:
    'c := o.spec.containers[_]; i := c.image; e := ["bad/", 1][_]; startswith(i, e); m := sprintf("%v", [i])',
  ImageTwice:
    'i := o.spec.containers[j].image; o.spec.hostNetwork; i = o.spec.containers[k].image; j != k; m := "same"',
  Unused: 'i := o.spec.containers[0].image; n := o.metadata.labels; o.spec.hostNetwork; m := "there"',
  InClosure:
    'i := o.metadata.name; h := o.spec.hostNetwork; x := [c | c := o.spec.containers[_].name; c == i]; m := sprintf("%v %v", [x, h])',
  InEvery: 'i := o.metadata.name; o.spec; every c in o.spec.containers { c.name == i }; m := "all"',
  InNot: 'i := o.metadata.name; o.spec; not o.metadata.labels[i]; m := "no label of its name"',
  NoText: 'o.spec.hostNetwork; m := 1',
};
const regoOf = (kind: string): string => `import future.keywords
o := input.review.object
cs[c] { c := o.spec.containers[_] }
hostNetwork := input.review.object.spec.hostNetwork
violation[{"msg": m, "details": d}] { ${bodies[kind] ?? ''}; d := ${kind === 'Details' ? 'o' : '{}'} }`;

const kinds = Object.keys(bodies);
const constraints = storeOf(
  kinds.map((kind) => template(kind, regoOf(kind))),
  kinds.map((kind) => constraint(kind, 'one')),
)
  .constraints()
  .map(({ inForce }) => inForce as Constraint);

const keyNames = ['a', 'b', '1', '\0x', '__proto__', '\ufffd', '\ud800', '\udc00'];
const labels = fc
  .array(fc.tuple(fc.constantFrom(...keyNames), fc.constantFrom('x', 'y')), { maxLength: 3 })
  .map((pairs) =>
    JSON.parse(`{${pairs.map((pair) => pair.map((one) => JSON.stringify(one)).join(':')).join(',')}}`),
  );
const some = fc.option(fc.constantFrom<unknown>(true, false, null, 0, -0, '', 'x', {}, []), {
  nil: undefined,
});
const container = fc.record(
  {
    name: fc.constantFrom('a', 'b'),
    image: fc.constantFrom('good/x', 'bad/x', 1),
    securityContext: fc.record({ privileged: fc.boolean() }, { requiredKeys: [] }),
  },
  { requiredKeys: ['name'] },
);
const object = fc.record(
  {
    metadata: fc.record({ name: fc.constantFrom('a', 'b'), labels }, { requiredKeys: ['name'] }),
    spec: fc.record(
      { containers: fc.array(container, { maxLength: 2 }), hostNetwork: some },
      { requiredKeys: ['containers'] },
    ),
  },
  { requiredKeys: ['metadata'] },
);
const request = fc.record({
  uid: fc.uuid(),
  operation: fc.constantFrom('CREATE', 'UPDATE', 'DELETE'),
  userInfo: fc.constantFrom({}, { groups: ['g'] }),
  object,
  oldObject: object,
});
const namespace = fc.option(fc.record({ metadata: fc.record({ labels }) }), { nil: undefined });

const written = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value)) as JsonObject;
const reviewOf = (sent: unknown, of?: unknown): ConstraintReview => {
  const review = reviewOfRequest(written(sent), of === undefined ? undefined : written(of));
  if (!review.ok) throw new Error(review.error);
  return review.value;
};

let clock = 0n;
const evaluate = (one: Constraint, review: ConstraintReview): ConstraintEvaluation =>
  evaluateConstraint(askedOf(one, review), { surroundings: { now: (clock += 1n), seed: 'seed' } });
/** What a cache says, and whether it has asked for it. */
const through = (cache: ConstraintCache, one: Constraint, review: ConstraintReview, stepsLeft = maxSteps) => {
  let isAsked = false;
  const evaluation = cache.forReview(review).of(one, stepsLeft, () => {
    isAsked = true;
    return evaluate(one, review);
  });
  return { evaluation, isAsked };
};
const named = (kind: string): Constraint => {
  const found = constraints.find((one) => one.kind === kind);
  if (found?.template === undefined) throw new Error(`${kind} cannot be asked`);
  return found;
};
const pod = (name: string, more: JsonObject = {}) => ({
  uid: name,
  operation: 'CREATE',
  object: { metadata: { name, labels: { a: 'x' } }, spec: { containers: [{ name: 'a' }], ...more } },
});

describe('what came of a constraint is used again', () => {
  test('all of these templates can be asked', () => {
    const asked = constraints.filter(({ template: usable }) => (usable as unknown) !== undefined);
    expect(asked.map(({ kind }) => kind).sort()).toEqual([...kinds].sort());
  });

  test('where the same would be read, and nowhere else, whatever a template reads', () => {
    let used = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(request, namespace), { minLength: 2, maxLength: 12 }), (asked) => {
        const cache = createConstraintCache(0);
        for (const [sent, of] of asked)
          for (const one of constraints) {
            if (one.kind === 'Clock') continue;
            const { evaluation, isAsked } = through(cache, one, reviewOf(sent, of));
            expect(evaluation, `${one.kind}: ${JSON.stringify(sent)}`).toEqual(
              evaluate(one, reviewOf(sent, of)),
            );
            if (!isAsked) used += 1;
          }
      }),
      { numRuns: 25 },
    );
    expect(used).toBeGreaterThan(1000);
  });

  test.each([
    { kind: 'Privileged', says: 'another name', first: pod('web-1'), second: pod('web-2'), isAsked: false },
    {
      kind: 'HostNetwork',
      says: 'a field beside it',
      first: pod('a'),
      second: pod('a', { x: 1 }),
      isAsked: false,
    },
    {
      kind: 'HostNetwork',
      says: 'the field',
      first: pod('a'),
      second: pod('a', { hostNetwork: true }),
      isAsked: true,
    },
    { kind: 'LabelCount', says: 'another name', first: pod('a'), second: pod('b'), isAsked: false },
    {
      kind: 'Marshalled',
      says: 'a field of what was written',
      first: pod('a'),
      second: pod('a', { x: 1 }),
      isAsked: true,
    },
    {
      kind: 'NameWhenDenied',
      says: 'a name that is not asked for',
      first: pod('a'),
      second: pod('b'),
      isAsked: false,
    },
    {
      kind: 'NameWhenDenied',
      says: 'a name that is told',
      first: pod('a', { hostNetwork: true }),
      second: pod('b', { hostNetwork: true }),
      isAsked: true,
    },
    {
      kind: 'Exempt',
      says: 'an image that is named and not needed',
      first: pod('a', { containers: [{ name: 'a', image: 'good/x' }] }),
      second: pod('a', { containers: [{ name: 'a', image: 'bad/x' }] }),
      isAsked: false,
    },
    {
      kind: 'Exempt',
      says: 'whether it has an image',
      first: pod('a', { containers: [{ name: 'a', image: 'good/x' }] }),
      second: pod('a', { containers: [{ name: 'a' }] }),
      isAsked: true,
    },
    {
      kind: 'NotExempt',
      says: 'an image that is compared',
      first: pod('a', { containers: [{ name: 'a', image: 'good/x' }] }),
      second: pod('a', { containers: [{ name: 'a', image: 'bad/x' }] }),
      isAsked: true,
    },
    { kind: 'Clock', says: 'nothing', first: pod('a'), second: pod('a'), isAsked: true },
    { kind: 'Random', says: 'nothing', first: pod('a'), second: pod('a'), isAsked: true },
    { kind: 'ReplacedLabel', says: 'nothing', first: pod('a'), second: pod('a'), isAsked: true },
    {
      kind: 'NoText',
      says: 'nothing, after an error',
      first: pod('a', { hostNetwork: true }),
      second: pod('a', { hostNetwork: true }),
      isAsked: true,
    },
  ])(
    '$kind, and the next review differs in $says: asked again $isAsked',
    ({ kind, first, second, isAsked }) => {
      const cache = createConstraintCache(0);
      expect(through(cache, named(kind), reviewOf(first)).isAsked).toBe(true);
      expect(through(cache, named(kind), reviewOf(second)).isAsked).toBe(isAsked);
    },
  );

  test('but not where a review has fewer steps left than it took', () => {
    const cache = createConstraintCache(0);
    const steps = through(cache, named('Privileged'), reviewOf(pod('a'))).evaluation?.steps ?? 0;
    expect(steps).toBeGreaterThan(0);
    expect(through(cache, named('Privileged'), reviewOf(pod('b')), steps - 1).isAsked).toBe(true);
    expect(through(cache, named('Privileged'), reviewOf(pod('b')), steps).isAsked).toBe(false);
  });

  test('but not where to ask costs no more than to compare', () => {
    const cache = createConstraintCache();
    expect(through(cache, named('Operation'), reviewOf(pod('a'))).isAsked).toBe(true);
    expect(through(cache, named('Operation'), reviewOf(pod('b'))).isAsked).toBe(true);
    const many = { containers: Array.from({ length: 60 }, (_, at) => ({ name: `c${at}` })) };
    through(cache, named('NotPrivileged'), reviewOf(pod('a', many)));
    expect(through(cache, named('NotPrivileged'), reviewOf(pod('b', many))).isAsked).toBe(false);
  });

  test('of another constraint it says nothing', () => {
    const cache = createConstraintCache(0);
    through(cache, named('Privileged'), reviewOf(pod('a')));
    expect(through(cache, named('NotPrivileged'), reviewOf(pod('a'))).isAsked).toBe(true);
  });

  test.each([
    ['nests too deeply', JSON.parse(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`) as JsonObject],
    ['has too many values', { list: Array.from({ length: 5000 }, (_, at) => at) }],
    ['has too long a text', { text: 'x'.repeat(300_000) }],
    ['holds a zero below zero', { zero: -0 }],
  ])('of a review that %s nothing is kept, and nothing is taken for it', (_, more) => {
    const cache = createConstraintCache(0);
    const large = reviewOf(pod('a'));
    Object.assign(large.document, more);
    expect(through(cache, named('Privileged'), large).isAsked).toBe(true);
    expect(through(cache, named('Privileged'), reviewOf(pod('b'))).isAsked).toBe(true);
    expect(through(cache, named('Privileged'), reviewOf(pod('c'))).isAsked).toBe(false);
    expect(through(cache, named('Privileged'), large).isAsked).toBe(true);
  });

  test('an object that stands in two places is kept only where nobody has compared it', () => {
    const cache = createConstraintCache(0);
    const deletion = reviewOfRequest({ ...pod('a'), operation: 'DELETE', oldObject: pod('a').object });
    if (!deletion.ok) throw new Error(deletion.error);
    const changed = reviewOf({ ...pod('a'), oldObject: pod('b', { x: 1 }).object });
    for (const kind of ['SameAsOld', 'SetsEqual']) {
      through(cache, named(kind), deletion.value);
      expect(through(cache, named(kind), changed).evaluation).toEqual(evaluate(named(kind), changed));
    }
    expect(through(cache, named('Privileged'), deletion.value).isAsked).toBe(true);
    expect(through(cache, named('Privileged'), deletion.value).isAsked).toBe(false);
  });

  test('of reviews that all differ few are kept, and what they read is small', () => {
    const cache = createConstraintCache(0);
    for (let at = 0; at < 200; at++) through(cache, named('LabelByName'), reviewOf(pod(`p${at}`)));
    expect(through(cache, named('LabelByName'), reviewOf(pod('p0'))).isAsked).toBe(true);
    const many = { containers: Array.from({ length: 2000 }, (_, at) => ({ name: `c${at}` })) };
    through(cache, named('Privileged'), reviewOf(pod('a', many)));
    expect(through(cache, named('Privileged'), reviewOf(pod('a', many))).isAsked).toBe(true);
  });
});

test('whoever reads an object does it in one of the ways that are recorded', () => {
  const members = Object.getOwnPropertyNames(RegoObject.prototype).sort();
  // `set` fills; `entries`, `values` and `copy` read by `keys` and `get`.
  expect(members).toEqual([
    'constructor',
    'copy',
    'entries',
    'get',
    'has',
    'isRecorded',
    'keys',
    'set',
    'size',
    'values',
  ]);
});
