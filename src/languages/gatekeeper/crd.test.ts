import { expect, test } from 'vitest';
import { objectOf, type JsonObject, type JsonValue } from '../../core/text/json/json.ts';
import { constraintCrd } from './crd.ts';
import { matchSchema } from './match-schema.ts';
import { parametersSchema } from './schema/parameters-schema.ts';

interface Written {
  readonly version?: string;
  readonly validation?: JsonObject;
  readonly names?: JsonObject;
  readonly labels?: JsonObject;
}
const template = ({ version = 'v1', validation, names, labels }: Written): JsonObject => ({
  apiVersion: `templates.gatekeeper.sh/${version}`,
  kind: 'ConstraintTemplate',
  metadata: { name: 'k8sbad', ...(labels === undefined ? {} : { labels }) },
  spec: {
    crd: {
      spec: { names: { kind: 'K8sBad', ...names }, ...(validation === undefined ? {} : { validation }) },
    },
    targets: [],
  },
});
const keeps = { 'x-kubernetes-preserve-unknown-fields': true };
const within = (value: JsonValue | undefined, ...path: readonly string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>((found, step) => objectOf(found)[step], value);
const parameters = (openAPIV3Schema: JsonObject, legacySchema?: boolean): JsonObject | undefined =>
  parametersSchema(
    template({ validation: { openAPIV3Schema, ...(legacySchema === undefined ? {} : { legacySchema }) } }),
  );

test('the whole CRD of a template of the old form without a schema, as Gatekeeper v3.23.1 makes it', () => {
  const version = (name: string, storage: boolean): JsonObject => ({
    additionalPrinterColumns: [
      {
        description: 'Type of enforcement action',
        jsonPath: '.spec.enforcementAction',
        name: 'enforcement-action',
        type: 'string',
      },
      {
        description: 'Total number of violations',
        jsonPath: '.status.totalViolations',
        name: 'total-violations',
        type: 'integer',
      },
    ],
    name,
    schema: {
      openAPIV3Schema: {
        type: 'object',
        properties: {
          metadata: { type: 'object', properties: { name: { type: 'string', maxLength: 63 } } },
          spec: {
            type: 'object',
            properties: {
              enforcementAction: { type: 'string', default: 'deny' },
              match: matchSchema,
              parameters: keeps,
              scopedEnforcementActions: {
                type: 'array',
                items: {
                  type: 'object',
                  properties: {
                    action: { type: 'string' },
                    enforcementPoints: {
                      type: 'array',
                      items: { type: 'object', properties: { name: { type: 'string' } } },
                    },
                  },
                },
              },
            },
          },
          status: keeps,
        },
      },
    },
    served: true,
    storage,
    subresources: { status: {} },
  });
  expect(constraintCrd(template({ version: 'v1beta1' }))).toEqual({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: 'k8sbad.constraints.gatekeeper.sh',
      labels: { 'gatekeeper.sh/constraint': 'yes' },
    },
    spec: {
      conversion: { strategy: 'None' },
      group: 'constraints.gatekeeper.sh',
      names: {
        categories: ['constraint', 'constraints'],
        kind: 'K8sBad',
        listKind: 'K8sBadList',
        plural: 'k8sbad',
        singular: 'k8sbad',
      },
      scope: 'Cluster',
      versions: [version('v1beta1', true), version('v1alpha1', false)],
    },
  });
});

test('short names and labels of the template are those of the CRD', () => {
  const labels = { team: 'a', 'gatekeeper.sh/constraint': 'no' };
  const crd = constraintCrd(template({ names: { shortNames: ['bad'] }, labels }));
  expect(within(crd, 'spec', 'names', 'shortNames')).toEqual(['bad']);
  expect(within(crd, 'metadata', 'labels')).toEqual({ team: 'a', 'gatekeeper.sh/constraint': 'yes' });
});

test.each<readonly [string, Written, JsonObject | undefined]>([
  ['v1 without a schema has no parameters', {}, undefined],
  ['v1 that asks for the old form takes any', { validation: { legacySchema: true } }, keeps],
  ['v1beta1 without a schema takes any', { version: 'v1beta1' }, keeps],
  ['v1alpha1 as well', { version: 'v1alpha1', validation: {} }, keeps],
  [
    'v1beta1 that asks for the new form has none',
    { version: 'v1beta1', validation: { legacySchema: false } },
    undefined,
  ],
])('%s', (_title, written, wanted) => {
  expect(parametersSchema(template(written))).toEqual(wanted);
});

const nested: JsonObject = {
  properties: {
    list: { type: 'array' },
    rows: { type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } } } },
    map: { type: 'object', additionalProperties: { type: 'string' } },
    open: { type: 'object', additionalProperties: { properties: { a: {} } } },
  },
};

test('in the old form every object and every value without a type keeps unknown fields', () => {
  expect(parameters(nested, true)).toEqual({
    ...keeps,
    properties: {
      list: { type: 'array', items: keeps },
      rows: { type: 'array', items: { type: 'object', ...keeps, properties: { n: { type: 'integer' } } } },
      map: { type: 'object', ...keeps, additionalProperties: { type: 'string' } },
      open: { type: 'object', ...keeps, additionalProperties: { ...keeps, properties: { a: keeps } } },
    },
  });
});

test('in the new form nothing is added', () => {
  expect(parameters(nested)).toEqual(nested);
});

test('fields that no CRD has are gone, and so are empty ones', () => {
  const given: JsonObject = {
    type: 'object',
    description: '',
    nullable: false,
    required: [],
    examples: [1],
    properties: {
      zero: { type: 'integer', minimum: 0, default: 0, misspelt: true },
      none: { type: 'object', properties: {}, additionalProperties: false },
      both: { anyOf: [{ required: ['a'], of: 1 }], not: { type: 'null', of: 1 }, enum: [] },
      nothing: { type: 'string', default: null },
    },
  };
  expect(parameters(given)).toEqual({
    type: 'object',
    properties: {
      zero: { type: 'integer', minimum: 0, default: 0 },
      none: { type: 'object', additionalProperties: false },
      both: { anyOf: [{ required: ['a'] }], not: { type: 'null' } },
      nothing: { type: 'string' },
    },
  });
});

test('a parameter called `__proto__` stays one', () => {
  const schema = JSON.parse('{"properties": {"__proto__": {"type": "object"}}}') as JsonObject;
  for (const isLegacy of [true, false]) {
    const properties = objectOf(parameters(schema, isLegacy)?.['properties']);
    expect(Object.keys(properties)).toEqual(['__proto__']);
  }
});
