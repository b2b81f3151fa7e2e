import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../../core/text/json/json.ts';
import { ruleFindings, unevaluatedRules } from './rule-findings.ts';

const said = (schema: JsonObject, value: JsonValue) => {
  const { problems, remarks } = ruleFindings(schema, value, []);
  const text = ({ path, message }: (typeof problems)[number]): string => `${path.join('.')}: ${message}`;
  return { problems: problems.map(text), remarks: remarks.map(text) };
};
const range = (rule: JsonObject): JsonObject => ({
  type: 'object',
  'x-kubernetes-validations': [rule],
  properties: {
    min: { type: 'integer' },
    max: { type: 'integer' },
    ratio: { type: 'number' },
    name: { type: 'string' },
    maybe: { type: 'string', nullable: true },
    tags: { type: 'array', items: { type: 'string' } },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    'dash-ed': { type: 'string' },
    namespace: { type: 'string' },
    at: { type: 'string', format: 'date-time' },
    names: { type: 'array', 'x-kubernetes-list-type': 'set', items: { type: 'string' } },
  },
});
const rule = 'self.min <= self.max';

describe('a rule on an object', () => {
  test.each<readonly [string, JsonObject, JsonValue, readonly string[]]>([
    ['that is kept', { rule }, { min: 1, max: 2 }, []],
    ['that is broken', { rule }, { min: 3, max: 2 }, [': failed rule: self.min <= self.max']],
    ['with a message', { rule, message: ' min first ' }, { min: 3, max: 2 }, [': min first']],
    [
      'with a message that is worked out',
      { rule, message: 'no', messageExpression: '"min " + string(self.min) + " is too much"' },
      { min: 3, max: 2 },
      [': min 3 is too much'],
    ],
    [
      'with a message that has more than one line',
      { rule, message: 'plain', messageExpression: '"a\\nb"' },
      { min: 3, max: 2 },
      [': plain'],
    ],
    [
      'with a message that cannot be worked out',
      { rule, message: 'plain', messageExpression: 'self.name' },
      { min: 3, max: 2 },
      [': plain'],
    ],
    [
      'about a field, with a reason',
      { rule, message: 'no', fieldPath: ".labels['a.b']", reason: 'FieldValueForbidden' },
      { min: 3, max: 2 },
      ['labels.a.b: forbidden: no'],
    ],
    [
      'that asks for a field which is not there',
      { rule },
      { min: 3 },
      [': field not found: max, in the rule: self.min <= self.max'],
    ],
    [
      'that asks whether a field is there',
      { rule: '!has(self.max) || self.min <= self.max' },
      { min: 3 },
      [],
    ],
    [
      'on a number that is a double',
      { rule: 'self.ratio * 2.0 <= 1.0' },
      { ratio: 1 },
      [': failed rule: self.ratio * 2.0 <= 1.0'],
    ],
    [
      'on texts',
      { rule: 'self.name.lowerAscii() == self.name' },
      { name: 'A' },
      [': failed rule: self.name.lowerAscii() == self.name'],
    ],
    [
      'on lists',
      { rule: 'self.tags.all(t, t.startsWith("a")) && self.tags.size() < 3' },
      { tags: ['a', 'ab'] },
      [],
    ],
    [
      'on maps',
      { rule: 'self.labels.all(k, self.labels[k] != "")' },
      { labels: { 'a/b': '' } },
      [': failed rule: self.labels.all(k, self.labels[k] != "")'],
    ],
    [
      'on a name that the language writes otherwise',
      { rule: 'self.dash__dash__ed == "x" && self.__namespace__ == "y"' },
      {
        'dash-ed': 'x',
        namespace: 'y',
      },
      [],
    ],
    [
      'on a pattern',
      { rule: 'self.name.matches("^[a-z]+$")' },
      { name: 'a1' },
      [': failed rule: self.name.matches("^[a-z]+$")'],
    ],
    ['about a change, which nothing is when it is new', { rule: 'self.min == oldSelf.min' }, { min: 1 }, []],
    ['that is empty', { rule: ' ' }, { min: 1 }, []],
    ['on a field that is null, which is not there then', { rule: '!has(self.maybe)' }, { maybe: null }, []],
  ])('%s', (_title, written, value, problems) => {
    expect(unevaluatedRules(range(written))).toEqual([]);
    expect(said(range(written), value)).toEqual({ problems, remarks: [] });
  });
});

test('rules of fields, items, values of maps and parts of a schema are asked, null aside', () => {
  const own = (text: string): JsonObject => ({ 'x-kubernetes-validations': [{ rule: text, message: text }] });
  const schema: JsonObject = {
    type: 'object',
    properties: {
      list: { type: 'array', items: { type: 'integer', ...own('self > 1') } },
      map: { type: 'object', additionalProperties: { type: 'string', ...own('self != "x"') } },
      maybe: { type: 'string', nullable: true, ...own('self != "x"') },
    },
    allOf: [own('has(self.list)'), { properties: { list: own('size(self) > 2') } }],
  };
  expect(said(schema, { list: [1, 2], map: { a: 'x', b: 'y' }, maybe: null }).problems.toSorted()).toEqual([
    'list.0: self > 1',
    'list: size(self) > 2',
    'map.a: self != "x"',
  ]);
  expect(said(schema, {}).problems).toEqual([': has(self.list)']);
});

describe('what cannot be evaluated is said, and refuses nothing', () => {
  test.each([
    ['a function of Kubernetes', 'quantity(self.name).isGreaterThan(quantity("1"))', 'names isGreaterThan()'],
    ['an optional', 'self.?name.orValue("") == ""', 'expecting'],
    ['two variables in a comprehension', 'self.tags.all(i, t, t != "")', 'names all()'],
    ['a text that is too long', `self.name == "${'a'.repeat(5000)}"`, 'more than 4096 characters'],
    ['lists without order that are compared', 'self.names == ["a", "b"]', 'compares or adds to names'],
  ])('with its place in the schema: %s', (_title, text, why) => {
    const [problem] = unevaluatedRules({ type: 'object', properties: { p: range({ rule: text }) } });
    expect(problem?.path.join('.')).toBe('properties.p.x-kubernetes-validations.0.rule');
    expect(problem?.message).toContain(why);
    expect(said(range({ rule: text }), { name: 'a', tags: [] })).toEqual({ problems: [], remarks: [] });
  });

  test('a value before the change that may be missing', () => {
    const schema = range({ rule: 'oldSelf.hasValue() || self.min > 1', optionalOldSelf: true });
    expect(unevaluatedRules(schema)).toHaveLength(1);
    expect(said(schema, { min: 0 })).toEqual({ problems: [], remarks: [] });
  });

  test.each([
    [
      'a value of another type in the language',
      'self.at < timestamp("2026-01-01T00:00:00Z")',
      'a timestamp in a rule',
    ],
    ['types that do not fit here', 'self.name > self.min', 'no matching overload'],
    ['too many steps', 'self.tags.all(a, self.tags.all(b, a != "" && b != ""))', 'more than 100000 steps'],
    [
      'a text that grows',
      `self.name${'.replace("a", "aaaaaaaaaaaaaaaa")'.repeat(20)} == ""`,
      'a text of more than',
    ],
  ])('at a value: %s', (_title, text, why) => {
    const tags = Array.from({ length: 2000 }, () => 'a');
    const value = { at: '2027-01-01T00:00:00Z', name: 'a', min: 1, tags };
    const { problems, remarks } = said(range({ rule: text }), value);
    expect(problems).toEqual([]);
    expect(remarks).toHaveLength(1);
    expect(remarks[0]).toContain(`the rule ${JSON.stringify(text)} of the schema was not evaluated`);
    expect(remarks[0]).toContain(why);
  });

  test('all rules together have a bound, beyond which each is named once', () => {
    const schema: JsonObject = {
      type: 'array',
      items: {
        type: 'array',
        items: { type: 'string' },
        'x-kubernetes-validations': [{ rule: 'self.all(a, self.all(b, a == b))' }],
      },
    };
    const value = Array.from({ length: 200 }, () => Array.from({ length: 150 }, () => 'a'));
    const { problems, remarks } = said(schema, value);
    expect(problems).toEqual([]);
    expect(remarks).toEqual([expect.stringContaining('took more than 1000000 steps')]);
  });

  test('what makes the messages counts as well', () => {
    const schema: JsonObject = {
      type: 'array',
      items: {
        type: 'array',
        items: { type: 'string' },
        'x-kubernetes-validations': [
          {
            rule: 'size(self) == 0',
            messageExpression: 'self.all(a, self.all(b, a == b)) ? "same" : "other"',
          },
        ],
      },
    };
    const value = Array.from({ length: 200 }, () => Array.from({ length: 150 }, () => 'a'));
    const { problems, remarks } = said(schema, value);
    expect(problems[0]).toBe('0: same');
    expect(problems.length).toBeLessThan(50);
    expect(remarks).toEqual([expect.stringContaining('took more than 1000000 steps')]);
  });
});

test('whatever rules, schemas and values are, asking them returns', () => {
  const text = fc.oneof(
    fc.string(),
    fc.constantFrom(rule, 'self', 'self.a.b', 'self == self', 'self + self'),
  );
  fc.assert(
    fc.property(
      fc.jsonValue({ maxDepth: 3 }),
      fc.jsonValue({ maxDepth: 3 }),
      text,
      text,
      (value, other, one, said2) => {
        const schema = {
          type: 'object',
          properties: other,
          'x-kubernetes-validations': [{ rule: one, messageExpression: said2, fieldPath: said2 }],
        } as JsonObject;
        expect(ruleFindings(schema, value as JsonValue, [])).toHaveProperty('problems');
        expect(Array.isArray(unevaluatedRules(schema))).toBe(true);
      },
    ),
  );
});
