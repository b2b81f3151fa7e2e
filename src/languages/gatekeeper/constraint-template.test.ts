import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import type { JsonObject, JsonValue } from '../../core/text/json/json.ts';
import { readYamlText } from '../../core/text/yaml/yaml-text.ts';
import { readTemplate, type TemplateProblem } from './constraint-template.ts';
import { placeOfProblem } from './template-place.ts';

const rego = 'package any\nviolation[{"msg": "no"}] { input.review.object.spec.bad }\n';

interface Changed {
  readonly version?: string;
  readonly name?: string;
  readonly kind?: string;
  readonly target?: JsonObject;
  readonly validation?: JsonObject;
}
const written = ({ version = 'v1', name = 'k8sbad', kind = 'K8sBad', target, validation }: Changed) => ({
  apiVersion: `templates.gatekeeper.sh/${version}`,
  kind: 'ConstraintTemplate',
  metadata: { name },
  spec: {
    crd: { spec: { names: { kind }, ...(validation === undefined ? {} : { validation }) } },
    targets: [{ target: 'admission.k8s.gatekeeper.sh', ...(target ?? { rego }) }],
  },
});
const inCode = (source: JsonObject): JsonObject => ({ code: [{ engine: 'Rego', source }] });

const said = ({ path, message, line, column, isUnsupported }: TemplateProblem): string =>
  [
    path.join('.'),
    line === undefined ? '' : `(${line}:${column})`,
    isUnsupported === true ? 'unsupported:' : '',
    message,
  ]
    .filter((part) => part !== '')
    .join(' ');
const problems = (value: unknown, hasInventory = false): readonly string[] => {
  const read = readTemplate(value, { hasInventory });
  return read.ok ? [] : read.error.map(said);
};

describe('templates that can be evaluated', () => {
  test.each<readonly [string, Changed]>([
    ['the source beside the target', {}],
    ['v1beta1', { version: 'v1beta1' }],
    ['v1alpha1', { version: 'v1alpha1' }],
    ['the source in `code`', { target: inCode({ rego }) }],
    [
      'Rego 1, when `version` says so',
      { target: inCode({ version: 'v1', rego: 'package a\nviolation contains {"msg": "no"} if input.x' }) },
    ],
    ['another version stands for Rego 0', { target: inCode({ version: 'v2', rego }) }],
    [
      'a library below `lib`, under its import',
      {
        target: {
          rego: 'package a\nimport data.lib.words\nviolation[{"msg": m}] { m := words.no }',
          libs: ['package lib.words\nno = "no"'],
        },
      },
    ],
    [
      'keywords of the future',
      { target: { rego: `package a\nimport future.keywords.in\n${rego.slice(12)}` } },
    ],
    [
      'Rego beside CEL',
      {
        target: {
          code: [
            { engine: 'K8sNativeValidation', source: {} },
            { engine: 'Rego', source: { rego } },
          ],
        },
      },
    ],
    ['operations', { target: { rego, operations: ['CREATE', 'DELETE'] } }],
    [
      'a schema of the old form, which names no types',
      { version: 'v1beta1', validation: { openAPIV3Schema: { properties: { a: { items: {} } } } } },
    ],
    [
      'a structural schema',
      { validation: { openAPIV3Schema: { type: 'object', properties: { a: { type: 'string' } } } } },
    ],
  ])('%s', (_title, changed) => {
    expect(problems(written(changed))).toEqual([]);
  });

  test('the source beside the target wins over that in `code`', () => {
    const target = { rego, ...inCode({ rego: 'broken' }) };
    expect(problems(written({ target }))).toEqual([]);
  });
});

const codePath = 'spec.targets.0.rego';
describe('templates that are refused', () => {
  test.each<readonly [string, Changed, readonly string[]]>([
    [
      'another name than the kind in lower case',
      { name: 'bad' },
      ['metadata.name "bad" is not the kind "K8sBad" in lower case'],
    ],
    [
      'a name of more than 63 characters',
      { name: 'k'.repeat(64), kind: 'k'.repeat(64) },
      ['metadata.name is longer than 63 characters'],
    ],
    [
      '`*` beside other operations',
      { target: { rego, operations: ['*', 'CREATE'] } },
      ['spec.targets.0.operations "*" stands for all operations, so it stands alone'],
    ],
    ['no code', { target: {} }, ['spec.targets.0 holds no code: `rego` and `code` are missing']],
    [
      'CEL alone, with the reason',
      { target: { code: [{ engine: 'K8sNativeValidation', source: {} }] } },
      [
        'spec.targets.0.code unsupported: holds no Rego, only K8sNativeValidation, which nothing here evaluates',
      ],
    ],
    [
      'a schema of the new form without types',
      { validation: { openAPIV3Schema: { type: 'object', properties: { a: { items: {} } } } } },
      [
        'spec.crd.spec.validation.openAPIV3Schema.properties.a a structural schema needs a `type` here, or `legacySchema: true` above',
        'spec.crd.spec.validation.openAPIV3Schema.properties.a.items a structural schema needs a `type` here, or `legacySchema: true` above',
      ],
    ],
    [
      'no rule `violation`',
      { target: { rego: 'package a\ndeny { true }' } },
      [`${codePath} (1:1) missing required rule "violation"`],
    ],
    [
      'a function of the name `violation`, which nobody would ask',
      { target: { rego: 'package a\nviolation(x) = {"msg": "x"} { x }' } },
      [`${codePath} (1:1) missing required rule "violation"`],
    ],
    [
      '`import rego.v1`, with the remedy',
      { target: { rego: 'package a\nimport rego.v1\nviolation contains {"msg": "x"} if true' } },
      [
        `${codePath} (2:1) bad import "rego.v1": remove it; a template is written in Rego 1 by \`version: v1\` beside \`rego\` in \`targets[].code[].source\``,
      ],
    ],
    [
      'an import of the input',
      { target: { rego: `package a\nimport input.review\n${rego.slice(12)}` } },
      [
        `${codePath} (2:1) bad import "input.review": a template imports \`data.lib…\` and \`future.keywords…\` alone`,
      ],
    ],
    [
      'data of others',
      { target: { rego: 'package a\nviolation[{"msg": m}] { m := data.other.x }' } },
      [`${codePath} (2:30) disallowed ref data.other: a template reads data.lib and data.inventory alone`],
    ],
    [
      'all data',
      { target: { rego: 'package a\nviolation[{"msg": "m"}] { x := data; x.other }' } },
      [`${codePath} (2:32) disallowed ref data: a template reads data.lib and data.inventory alone`],
    ],
    [
      'data of others in the place of data of others',
      { target: { rego: 'package a\nviolation[{"msg": "m"}] { data.lib.x[data.secret] }' } },
      [`${codePath} (2:38) disallowed ref data.secret: a template reads data.lib and data.inventory alone`],
    ],
    [
      'data of others as the target of `with`',
      { target: { rego: 'package a\nviolation[{"msg": "m"}] { data.lib.x with data.other as 1 }' } },
      [`${codePath} (2:43) disallowed ref data.other: a template reads data.lib and data.inventory alone`],
    ],
    [
      'a library outside of `lib`',
      { target: { rego, libs: ['package lib\nx = 1'] } },
      ['spec.targets.0.libs.0 (1:1) the package "lib" of a library does not stand below "lib"'],
    ],
    [
      'objects of the cluster, which are not kept',
      { target: { rego: 'package a\nviolation[{"msg": "m"}] { data.inventory.cluster }' } },
      [`${codePath} (2:27) unsupported: reads data.inventory, which is not kept here`],
    ],
    [
      'a builtin that reaches out, by name',
      { target: { rego: 'package a\nviolation[{"msg": "m"}] { http.send({"url": "x"}) }' } },
      [`${codePath} (2:27) unsupported: calls http.send, which is never run here`],
    ],
    [
      'an unsafe variable, in the words of OPA',
      { target: { rego: 'package a\nviolation[{"msg": m}] { true }' } },
      [`${codePath} (2:19) rego_unsafe_var_error: var m is unsafe`],
    ],
    [
      'text that is no Rego',
      { target: { rego: 'package a\nviolation[' } },
      [`${codePath} (2:11) rego_parse_error: unexpected eof token`],
    ],
    [
      'a mistake in a library, at its place',
      { target: inCode({ rego, libs: ['package lib.a\nx = y'] }) },
      ['spec.targets.0.code.0.source.libs.0 (2:5) rego_unsafe_var_error: var y is unsafe'],
    ],
  ])('%s', (_title, changed, wanted) => {
    expect(problems(written(changed))).toEqual(wanted);
  });

  test('a misspelt field, with the right one', () => {
    const read = readTemplate(written({ target: { regoo: rego } }), { hasInventory: false });
    expect(read.ok ? [] : read.error).toMatchObject([{ suggestion: 'rego' }]);
  });

  test('another version, another target and two targets', () => {
    expect(problems(written({ version: 'v2' }))[0]).toContain('apiVersion');
    expect(problems(written({ target: { target: 'other', rego } }))[0]).toContain('spec.targets.0.target');
    const one = written({});
    const two = { ...one, spec: { ...one.spec, targets: [...one.spec.targets, ...one.spec.targets] } };
    expect(problems(two)).toEqual(['spec.targets a template has exactly one target, and this one has 2']);
  });
});

test('a template whose caller keeps objects of the cluster may read them', () => {
  const target = { rego: 'package a\nviolation[{"msg": "m"}] { data.inventory.cluster }' };
  expect(problems(written({ target }), true)).toEqual([]);
});

test.each([
  ['by its name', 'x := input.review; x.namespaceObject', true],
  ['by a key that is worked out', 'input.review[k] == k', true],
  ['not at all', 'input.review.object.metadata.namespace', false],
])('whether a template asks for the namespace is known: %s', (_title, body, wanted) => {
  const read = readTemplate(written({ target: { rego: `package a\nviolation[{"msg": "m"}] { ${body} }` } }), {
    hasInventory: false,
  });
  expect(read.ok && read.value.code.readsNamespace).toBe(wanted);
});

test.each([
  ['a chain of `else`', `p = 1 { true }${' else = 1 { true }'.repeat(20_000)}`],
  ['a chain of operators', `p { x := 1${' + 1'.repeat(60_000)} }`],
  ['a chain of steps', `p { a${'.b'.repeat(60_000)} }`],
  ['a long list', `p { x := [1${', 1'.repeat(160_000)}] }`],
  ['brackets', `p { x := ${'['.repeat(60_000)} }`],
  ['a chain of `with`', `p { true${' with input.a as 1'.repeat(20_000)} }`],
])('a text that nests deeper than the stack is refused or read, and throws nothing: %s', (_title, rule) => {
  const deep = `package a\n${rule}\nviolation[{"msg": "x"}] { p }`;
  expect(readTemplate(written({ target: { rego: deep } }), { hasInventory: false })).toHaveProperty('ok');
});

const file = (header: string): string => `# a comment
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: { name: k8sbad }
spec:
  crd: { spec: { names: { kind: K8sBad } } }
  targets:
    - target: admission.k8s.gatekeeper.sh
      ${header}
`;
const placeIn = (text: string) => {
  const [parsed] = (() => {
    const read = readYamlText(text);
    return read.ok ? read.value : [];
  })();
  if (parsed === undefined) throw new Error('no document');
  const read = readTemplate(parsed.value, { hasInventory: false });
  const [problem] = read.ok ? [] : read.error;
  if (problem === undefined) throw new Error('no problem');
  const { value, start } = parsed;
  return placeOfProblem(problem, {
    lines: text.split('\n'),
    places: () => parsed.placesIn(value, start),
    source: () => parsed.sourceAt(start),
  });
};

describe('the place of a mistake in the file', () => {
  test('in a block text it is the line and the column of the mistake', () => {
    const text = file(`rego: |
        package a

        violation[{"msg": "m"}] {
          x := data.other
        }`);
    expect(placeIn(text)).toEqual({
      line: 13,
      column: 16,
      excerpt: `          x := data.other\n               ^`,
    });
  });

  test('in another text it is the beginning', () => {
    const text = file(`rego: "package a\\nviolation[{\\"msg\\": \\"m\\"}] { data.other }"`);
    expect(placeIn(text)).toMatchObject({ line: 9, column: 13 });
  });
});

test('whatever stands in a template, reading it returns', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (value, text) => {
      for (const one of [
        value,
        written({ target: value as JsonObject }),
        written({ target: { rego: text } }),
      ])
        expect(readTemplate(one, { hasInventory: false })).toHaveProperty('ok');
      const validation = { openAPIV3Schema: value as JsonValue };
      expect(readTemplate(written({ validation }), { hasInventory: false })).toHaveProperty('ok');
    }),
  );
});
