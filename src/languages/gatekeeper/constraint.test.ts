import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { JsonObject } from '../../core/text/json/json.ts';
import { readConstraint, readUnusable, readWrittenConstraint } from './constraint.ts';
import { readTemplate } from './constraint-template.ts';
import { valueText } from '../rego/values/value-text.ts';

const templateWith = (validation: JsonObject) => {
  const read = readTemplate(
    {
      apiVersion: 'templates.gatekeeper.sh/v1',
      kind: 'ConstraintTemplate',
      metadata: { name: 'k8sbad' },
      spec: {
        crd: { spec: { names: { kind: 'K8sBad' }, validation } },
        targets: [
          { target: 'admission.k8s.gatekeeper.sh', rego: 'package a\nviolation[{"msg": "x"}] { true }' },
        ],
      },
    },
    { hasInventory: false },
  );
  if (!read.ok) throw new Error('no template');
  return read.value;
};
const template = templateWith({ legacySchema: true });

const written = (changed: object): object => ({
  apiVersion: 'constraints.gatekeeper.sh/v1beta1',
  kind: 'K8sBad',
  metadata: { name: 'bad' },
  ...changed,
});
const problems = (changed: object): readonly string[] => {
  const read = readConstraint(written(changed), template);
  return read.ok ? [] : read.error.map(({ path, message }) => `${path.join('.')}: ${message}`);
};
const labelled = (text: string): object => ({
  spec: { match: { labelSelector: { matchLabels: JSON.parse(text) as JsonObject } } },
});

test.each<readonly [string, object, string]>([
  ['another kind', { kind: 'Other' }, 'kind: the template k8sbad makes constraints of the kind K8sBad'],
  ['no name', { metadata: {} }, 'metadata.name: missing field "name"'],
  ['a misspelt field', { spec: { macth: {} } }, 'spec.macth: unknown field "macth"'],
  [
    'a misspelt part of the match',
    { spec: { match: { namespace: ['a'] } } },
    'spec.match.namespace: unknown field "namespace"',
  ],
  [
    'a star in the middle of a namespace',
    { spec: { match: { namespaces: ['a*b'] } } },
    'spec.match.namespaces.0: holds "*" elsewhere than at its beginning or its end',
  ],
  [
    'an operator without values',
    { spec: { match: { labelSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } } } },
    'spec.match.labelSelector.matchExpressions.0.values: operator In needs at least one value',
  ],
  [
    'a label that would be dropped in silence',
    labelled('{"__proto__": "x"}'),
    'spec.match.labelSelector.matchLabels.__proto__: unknown field "__proto__"',
  ],
  [
    'a source that nobody has',
    { spec: { match: { source: 'Other' } } },
    'spec.match.source: "Other" is not allowed here, expected one of , All, Original, Generated',
  ],
])('a constraint is refused: %s', (_title, changed, wanted) => {
  expect(problems(changed)).toEqual([wanted]);
});

test('a constraint without `spec` speaks of everything and denies', () => {
  expect(problems({})).toEqual([]);
  const read = readConstraint(written({}), template);
  expect(read.ok && [read.value.match, read.value.enforcement]).toEqual([undefined, {}]);
});

describe('parameters are what the API server would store', () => {
  const schema: JsonObject = {
    type: 'object',
    properties: {
      level: { type: 'string', default: 'high' },
      names: { type: 'array', items: { type: 'string' } },
    },
  };
  const read = (validation: JsonObject, parameters: JsonObject) =>
    readConstraint(written({ spec: { parameters } }), templateWith(validation));
  const textOf = (validation: JsonObject, parameters: JsonObject): string => {
    const constraint = read(validation, parameters);
    return constraint.ok ? valueText(constraint.value.parameters) : 'refused';
  };

  test('defaults are added, and unknown fields dropped', () => {
    expect(textOf({ openAPIV3Schema: schema }, { names: ['a'], nmaes: ['b'] })).toBe(
      '{"level": "high", "names": ["a"]}',
    );
  });

  test('a template without a schema has constraints without parameters', () => {
    expect(textOf({}, { names: ['a'] })).toBe('{}');
    expect(textOf({ legacySchema: true }, { names: ['a'] })).toBe('{"names": ["a"]}');
  });

  test('what does not fit the schema is refused, with its place', () => {
    const constraint = read({ openAPIV3Schema: schema }, { names: [1] });
    expect(constraint).toEqual({
      ok: false,
      error: [{ path: ['spec', 'parameters', 'names', 0], message: 'expected text, found a number' }],
    });
  });
});

test('whatever stands in a constraint, reading it returns', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (match, parameters) => {
      expect(readConstraint(written({ spec: { match, parameters } }), template)).toHaveProperty('ok');
      expect(readConstraint(match, template)).toHaveProperty('ok');
    }),
  );
});

const schema: JsonObject = {
  type: 'object',
  'x-kubernetes-validations': [
    { rule: '!has(self.min) || !has(self.max) || self.min <= self.max', message: 'min is over max' },
  ],
  properties: {
    min: { type: 'integer' },
    max: { type: 'integer', default: 5 },
    home: { type: 'string', format: 'uri' },
    names: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
    ports: {
      type: 'array',
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['port'],
      items: { type: 'object', properties: { port: { type: 'integer' } } },
    },
    amount: {
      type: 'string',
      'x-kubernetes-validations': [{ rule: 'quantity(self).isGreaterThan(quantity("1"))' }],
    },
    at: {
      type: 'string',
      format: 'date-time',
      'x-kubernetes-validations': [{ rule: 'self > timestamp("2020-01-01T00:00:00Z")' }],
    },
  },
};

describe('a constraint of a file means what the API server would have stored', () => {
  const strict = templateWith({ openAPIV3Schema: schema });
  const read = (spec: JsonObject) => {
    const found = readWrittenConstraint(written({ spec }), strict);
    return found.ok
      ? {
          parameters: valueText(found.value.constraint.parameters),
          match: found.value.constraint.match,
          remarks: found.value.remarks,
        }
      : found.error.map(({ path, message }) => `${path.join('.')}: ${message}`);
  };

  test.each<readonly [string, JsonObject, string]>([
    ['parameters that are null', { parameters: null }, '{}'],
    ['a parameter that is null', { parameters: { min: null } }, '{"max": 5}'],
    ['a parameter that is null, with a default', { parameters: { max: null } }, '{"max": 5}'],
    ['a match that is null', { match: null, parameters: {} }, '{"max": 5}'],
    ['a part of the match that is null', { match: { namespaces: null, kinds: null } }, '{}'],
    ['an action that is null', { enforcementAction: null }, '{}'],
  ])('nothing is said by %s', (_title, spec, parameters) => {
    expect(read(spec)).toMatchObject({ parameters, remarks: [] });
    expect(readConstraint(written({ spec }), strict).ok).toBe(true);
  });

  test.each<readonly [string, JsonObject, string]>([
    ['another format', { home: 'here' }, 'spec.parameters.home: "here" is not of the format "uri"'],
    ['a rule that is broken', { min: 9 }, 'spec.parameters: min is over max'],
    [
      'an item twice in a set',
      { names: ['a', 'b', 'a'] },
      'spec.parameters.names.2: is the same as item 0 of the list',
    ],
    [
      'a key twice in a map',
      { ports: [{ port: 1 }, { port: 1 }] },
      'spec.parameters.ports.1: is the same as item 0 of the list',
    ],
    [
      'no key twice in a map',
      { ports: [{}, {}] },
      'spec.parameters.ports.1: is the same as item 0 of the list',
    ],
    ['null in a list', { names: [null] }, 'spec.parameters.names.0: expected text, found nothing'],
  ])('it is refused for %s', (_title, parameters, problem) => {
    expect(read({ parameters })).toEqual([problem]);
  });

  test('what nobody can ask here is a remark, and refuses nothing', () => {
    expect(read({ parameters: { amount: '0', at: '2010-01-01T00:00:00Z' } })).toMatchObject({
      remarks: [
        { path: ['spec', 'parameters', 'at'], message: expect.stringContaining('was not evaluated') },
      ],
    });
  });

  test('a constraint that a cluster holds may be older than a rule, and stays', () => {
    expect(readConstraint(written({ spec: { parameters: { min: 9 } } }), strict).ok).toBe(true);
    expect(readConstraint(written({ spec: { parameters: { names: ['a', 'a'] } } }), strict).ok).toBe(true);
  });
});

describe('a constraint that cannot be asked', () => {
  const unusable = (spec: JsonObject) =>
    readUnusable({ spec }, { kind: 'K8sBad', name: 'bad', why: 'broken' });

  test('speaks of what the readable parts of its match say, and refuses no more than that', () => {
    const kinds = [{ apiGroups: [''], kinds: ['Service'] }];
    const labelSelector = { matchExpressions: [{ key: 'a', operator: 'Is' }] };
    const match = { kinds, labelSelector, namespaces: ['a*b'], namespace: 'x', excludedNamespaces: ['shop'] };
    expect(unusable({ match })).toMatchObject({ match: { kinds, excludedNamespaces: ['shop'] } });
    expect(Object.keys(unusable({ match }).match ?? {})).toEqual(['kinds', 'excludedNamespaces']);
  });

  test.each([
    ['no match', {}],
    ['a match that is none', { match: 'all' }],
    [
      'a selector with a key that would be dropped',
      JSON.parse('{"match": {"labelSelector": {"matchLabels": {"__proto__": "x"}}}}') as JsonObject,
    ],
  ])('speaks of everything with %s', (_title, spec) => {
    expect(unusable(spec).match).toEqual({});
  });

  test('denies when its action cannot be read, and else does what it says', () => {
    expect(unusable({ enforcementAction: 1 }).enforcement).toEqual({});
    expect(unusable({ enforcementAction: 'dryrun', parameters: 1 }).enforcement).toMatchObject({
      enforcementAction: 'dryrun',
    });
  });
});
