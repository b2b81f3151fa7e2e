import { describe, expect, test } from 'vitest';
import { imagePolicyCrd } from './crd.ts';

interface Schema {
  readonly [keyword: string]: unknown;
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: Schema;
}
interface Crd {
  readonly spec: {
    readonly scope: string;
    readonly names: object;
    readonly versions: readonly {
      readonly subresources: object;
      readonly additionalPrinterColumns: readonly { readonly name: string; readonly priority?: number }[];
      readonly schema: { readonly openAPIV3Schema: Schema };
    }[];
  };
}
const crd = imagePolicyCrd() as Crd;
const version = crd.spec.versions[0]!;
const root = version.schema.openAPIV3Schema;
const spec = root.properties!['spec']!;

/** Every schema below one, with its path. */
const all = (schema: Schema, path: string): readonly (readonly [string, Schema])[] => [
  [path, schema] as const,
  ...Object.entries(schema.properties ?? {}).flatMap(([name, field]) => all(field, `${path}.${name}`)),
  ...(schema.items === undefined ? [] : all(schema.items, `${path}[]`)),
  ...(schema.additionalProperties === undefined ? [] : all(schema.additionalProperties, `${path}{}`)),
];
const everything = all(root, '');
const below = all(spec, 'spec');

/** The paths of the schemas for which something does not hold. */
const pathsWhere = (schemas: typeof everything, wrong: (schema: Schema) => boolean): readonly string[] =>
  schemas.filter(([, schema]) => wrong(schema)).map(([path]) => path);

describe('the CRD is structural', () => {
  test('every schema has a type, and no keyword that an API server refuses', () => {
    const known = new Set(
      (
        'type description default enum required properties items additionalProperties format minItems maxItems ' +
        'minLength maxLength minProperties maxProperties minimum maximum nullable x-kubernetes-preserve-unknown-fields ' +
        'x-kubernetes-list-type x-kubernetes-list-map-keys'
      ).split(' '),
    );
    expect(pathsWhere(everything, ({ type }) => typeof type !== 'string')).toEqual([]);
    expect(pathsWhere(everything, (schema) => Object.keys(schema).some((word) => !known.has(word)))).toEqual(
      [],
    );
    const isBoth = ({ properties, additionalProperties }: Schema) =>
      properties !== undefined && additionalProperties !== undefined;
    expect(pathsWhere(everything, isBoth)).toEqual([]);
  });

  test('every field below spec and status has a description, for kubectl explain', () => {
    const fields = everything.filter(([path]) => /^\.(spec|status)/.test(path) && !/(\[\]|\{\})$/.test(path));
    expect(fields.length).toBeGreaterThan(25);
    expect(pathsWhere(fields, ({ description = '' }) => !/^[A-Z].{15,}/.test(description))).toEqual([]);
  });

  test('every list and every text below spec is bounded', () => {
    const isUnbounded = (schema: Schema) =>
      (schema.type === 'array' && schema['maxItems'] === undefined) ||
      (schema.type === 'string' && schema['enum'] === undefined && schema['maxLength'] === undefined);
    expect(pathsWhere(below, isUnbounded)).toEqual([]);
  });
});

describe('R9: what an API server would prune in silence is kept, to be refused by the gate', () => {
  test('every object below spec keeps unknown fields beside its properties', () => {
    const objects = below.filter(([, schema]) => schema.properties !== undefined);
    expect(objects.map(([path]) => path)).toContain('spec.checks[].registries');
    expect(pathsWhere(objects, (schema) => schema['x-kubernetes-preserve-unknown-fields'] !== true)).toEqual(
      [],
    );
  });
  test('a check item has exactly one field', () => {
    expect(spec.properties!['checks']!.items).toMatchObject({ minProperties: 1, maxProperties: 1 });
  });
  test('a null allow list is kept too: dropped, it would be no rule at all', () => {
    expect(Object.fromEntries(below)['spec.checks[].registries.allow']).toMatchObject({ nullable: true });
  });
  test('so is a null condition on images: dropped, the others would be all that is left', () => {
    const conditions = below.filter(
      ([path, schema]) => /^spec\.checks\[\]\.image\.(?:labels\.)?\w+$/.test(path) && !('default' in schema),
    );
    expect(conditions.length).toBeGreaterThan(8);
    expect(pathsWhere(conditions, (schema) => schema['nullable'] !== true)).toEqual([]);
  });
});

test('defaults and enums are written', () => {
  const schemas = Object.fromEntries(below);
  expect(schemas['spec.mode']).toMatchObject({ default: 'Deny', enum: ['Deny', 'Warn', 'Audit'] });
  expect(schemas['spec.match.namespaces.include']).toMatchObject({ default: ['*'] });
  expect(schemas['spec.match']).toMatchObject({ default: {} });
  expect(schemas['spec.match.objectSelector.matchLabels']).toMatchObject({
    additionalProperties: { type: 'string' },
  });
});

test('it is cluster-scoped, short to type, and shows its state', () => {
  expect(crd.spec.scope).toBe('Cluster');
  expect(crd.spec.names).toMatchObject({
    plural: 'imagepolicies',
    shortNames: ['imgpol'],
    categories: ['imagegate', 'security'],
  });
  expect(version).toMatchObject({
    name: 'v1alpha1',
    served: true,
    storage: true,
    subresources: { status: {} },
  });
  const narrow = version.additionalPrinterColumns.filter(({ priority }) => priority === undefined);
  expect(narrow.map(({ name }) => name)).toEqual(['Mode', 'Accepted', 'Age']);
  expect(root.properties!['status']!.properties!['conditions']).toMatchObject({
    'x-kubernetes-list-type': 'map',
    'x-kubernetes-list-map-keys': ['type'],
  });
});
