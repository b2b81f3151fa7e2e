import { expect, test } from 'vitest';
import type { JsonObject } from '../../../core/text/json/json.ts';
import { explainTemplate, type TemplateExplanation } from './explain-template.ts';

const template = (target: JsonObject, validation?: JsonObject): JsonObject => ({
  apiVersion: 'templates.gatekeeper.sh/v1',
  kind: 'ConstraintTemplate',
  metadata: { name: 'k8sbad' },
  spec: {
    crd: {
      spec: { names: { kind: 'K8sBad' }, ...(validation === undefined ? {} : { validation }) },
    },
    targets: [{ target: 'admission.k8s.gatekeeper.sh', ...target }],
  },
});
const ofRego = (rego: string, libs: readonly string[] = []): TemplateExplanation =>
  explainTemplate(template({ rego: `package a\n${rego}`, libs }));
const remarks = (rego: string, libs: readonly string[] = []): readonly string[] =>
  ofRego(rego, libs).remarks.map(({ code, line, column }) => `${code} ${line}:${column}`);
const body = (text: string): string => `violation[{"msg": "no"}] { ${text} }`;

test('a template says what it is and what it reads', () => {
  const libs = ['package lib.words\nno(x) = y { y := upper(trim(x, " ")) }'];
  const rego = `package a
import data.lib.words
violation[{"msg": msg}] {
  input.review.namespaceObject.metadata.labels.env == "prod"
  count(input.parameters.names) > 1
  msg := sprintf("%v", [words.no("no")])
}`;
  const explained = explainTemplate(
    template({
      operations: ['CREATE', 'DELETE'],
      code: [
        { engine: 'K8sNativeValidation', source: {} },
        { engine: 'Rego', source: { rego, libs } },
      ],
    }),
  );
  expect(explained).toEqual({
    name: 'k8sbad',
    apiVersion: 'templates.gatekeeper.sh/v1',
    constraintKind: 'K8sBad',
    runs: true,
    engines: ['Rego', 'K8sNativeValidation'],
    regoVersion: 'v0',
    libraries: 1,
    builtins: ['count', 'sprintf', 'trim', 'upper'],
    readsInventory: false,
    readsNamespaceObject: true,
    operations: ['CREATE', 'DELETE'],
    parameters: 'none',
    problems: [],
    remarks: [],
  });
});

test('functions that a template makes itself are no builtins', () => {
  const { builtins } = ofRego(`${body('count(1)\nsprintf("", [])')}\ncount(x) { x }`);
  expect(builtins).toEqual(['sprintf']);
});

test('a template that reads the inventory does not run here, and says so', () => {
  expect(ofRego(body('data.inventory.cluster'))).toMatchObject({
    runs: false,
    readsInventory: true,
    problems: [{ isUnsupported: true, message: 'reads data.inventory, which is not kept here' }],
  });
});

test('of a template with CEL alone the engine is told', () => {
  const code = [{ engine: 'K8sNativeValidation', source: {} }];
  expect(explainTemplate(template({ code }))).toMatchObject({
    runs: false,
    engines: ['K8sNativeValidation'],
    problems: [{ isUnsupported: true }],
  });
});

test('each call of a builtin that is not run here has its line', () => {
  const { problems } = ofRego(`${body('http.send({})')}\np = 1 { io.jwt.decode("") }`);
  expect(problems.map(({ line, message, isUnsupported }) => [line, message, isUnsupported])).toEqual([
    [2, 'calls http.send, which is never run here', true],
    [3, 'calls io.jwt.decode, which is never run here', true],
  ]);
});

test('parameters are listed with their types, defaults and descriptions', () => {
  const openAPIV3Schema: JsonObject = {
    type: 'object',
    required: ['labels'],
    properties: {
      level: { type: 'string', default: 'high', description: 'How bad.' },
      port: { 'x-kubernetes-int-or-string': true },
      labels: {
        type: 'array',
        items: { type: 'object', required: ['key'], properties: { key: { type: 'string' } } },
      },
      map: { type: 'object', additionalProperties: { type: 'string' } },
    },
  };
  const rego = { rego: `package a\n${body('true')}` };
  expect(explainTemplate(template(rego, { openAPIV3Schema })).parameters).toEqual([
    { path: 'level', type: 'string', isRequired: false, default: 'high', description: 'How bad.' },
    { path: 'port', type: 'integer or string', isRequired: false },
    { path: 'labels', type: 'array of object', isRequired: true },
    { path: 'labels[].key', type: 'string', isRequired: true },
    { path: 'map', type: 'object of string', isRequired: false },
  ]);
  expect(explainTemplate(template(rego, { legacySchema: true })).parameters).toBe('any');
});

test.each<readonly [string, string, readonly string[]]>([
  ['nothing to say', body('input.review.object.metadata.labels.bad'), []],
  ['containers, and no image', body('input.review.object.spec.containers[_].tty'), ['containers-alone 2:53']],
  [
    'one of the other lists is not seen',
    body('f := {"containers", "initContainers"}\ninput.review.object.spec[f[_]][_].tty'),
    ['containers-alone 2:34'],
  ],
  [
    'all lists, and no image',
    body('f := {"containers", "initContainers", "ephemeralContainers"}\ninput.review.object.spec[f[_]]'),
    [],
  ],
  [
    'images in all lists, and not in volumes',
    body(
      'f := {"containers", "initContainers", "ephemeralContainers"}\ninput.review.object.spec[f[_]][_].image',
    ),
    ['image-volumes-unseen 2:34'],
  ],
  [
    'a prefix that ends at a border',
    body('startswith(input.review.object.image, "example.com/")'),
    ['prefix-of-raw-text 2:28'],
  ],
  [
    'a prefix that ends within a name',
    body('image := input.review.object.x\nnot startswith(image, "example.com")'),
    ['prefix-of-raw-text 3:5', 'prefix-without-border 3:5'],
  ],
  [
    'several of them',
    body('strings.any_prefix_match(input.x.image, ["a/", "b", "c"])'),
    ['prefix-of-raw-text 2:28', 'prefix-without-border 2:28', 'prefix-without-border 2:28'],
  ],
  [
    'a prefix that a parameter gives',
    body('startswith(input.x.image, input.parameters.repo)'),
    ['prefix-of-raw-text 2:28'],
  ],
  ['a prefix of something else', body('startswith(input.x.name, "a")'), []],
  ['a violation without a message', 'violation[{"details": {}}] { true }', ['violation-without-msg 2:1']],
  ['a violation that is a text', 'violation["no"] { true }', ['violation-without-msg 2:1']],
  [
    'one that is put together without a message',
    'violation[v] { v := {"message": "no"} }',
    ['violation-without-msg 2:1'],
  ],
  [
    'one that is put together the other way round',
    'violation[v] { {"message": "no"} = v }',
    ['violation-without-msg 2:1'],
  ],
  ['one that is put together with it', 'violation[v] { v := {"msg": "no"} }', []],
  ['one whose keys are worked out', 'violation[{k: "no"}] { k := "msg" }', []],
])('%s', (_title, rego, wanted) => {
  expect(remarks(rego)).toEqual(wanted);
});

test('a library that sees the other lists counts for the whole template', () => {
  const lib = 'package lib.all\nlists = ["initContainers", "ephemeralContainers"]';
  expect(remarks(body('input.review.object.spec.containers[_].tty'), [lib])).toEqual([]);
});

test('remarks are made on what can be parsed, whatever else is wrong', () => {
  const { problems, remarks: made } = ofRego(body('input.review.object.spec.containers[_].tty\ny'));
  expect(problems).toMatchObject([{ message: expect.stringContaining('rego_unsafe_var_error') as string }]);
  expect(made.map(({ code }) => code)).toEqual(['containers-alone']);
});
