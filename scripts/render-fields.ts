import {
  completeDefault,
  fieldSchemaOf,
  policyFieldSchema,
  type FieldSchema,
} from '../src/core/policy/crd/field-schema.ts';
import { trustRootSchema } from '../src/core/trust-root/schema.ts';
import { laterChecks, laterFields } from '../src/core/policy/load/schema-problem.ts';

interface Row {
  readonly path: string;
  readonly schema: FieldSchema;
  readonly required: boolean;
}

const rowsBelow = (schema: FieldSchema, path: string): readonly Row[] => {
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const required = schema.required?.includes(name) ?? false;
    return [{ path: at, schema: field, required }, ...rowsBelow(field, at)];
  });
  return schema.items === undefined ? own : [...own, ...rowsBelow(schema.items, `${path}[]`)];
};

const typeOf = (schema: FieldSchema): string => {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum !== undefined) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  if (schema.type === 'array') return `list of ${schema.items?.type === 'object' ? 'objects' : 'text'}`;
  if (typeof schema.additionalProperties === 'object')
    return `map of text to ${schema.additionalProperties.type === 'array' ? 'lists of text' : 'text'}`;
  if (schema.type === 'integer') return 'whole number';
  return schema.type === 'string' ? 'text' : (schema.type ?? 'any');
};

const numbers = ({ minimum, maximum }: FieldSchema): string | undefined =>
  minimum === undefined || maximum === undefined ? undefined : `${minimum} to ${maximum}`;

const range = (least: number | undefined, most: number | undefined, unit: string): string | undefined => {
  if (least === undefined && most === undefined) return undefined;
  if (least !== undefined && least === most) return `exactly ${least} ${unit}`;
  return least === undefined ? `at most ${most} ${unit}` : `${least} to ${most} ${unit}`;
};

const boundsOf = (schema: FieldSchema): string => {
  const { items } = schema;
  const parts = [
    numbers(schema),
    range(schema.minItems, schema.maxItems, 'items'),
    range(schema.minLength, schema.maxLength, 'characters'),
    range(schema.minProperties, schema.maxProperties, 'entries'),
    items?.type === 'object' ? range(items.minProperties, items.maxProperties, 'field each') : undefined,
    items === undefined ? undefined : range(items.minLength, items.maxLength, 'characters each'),
  ];
  return parts.filter((part) => part !== undefined).join('; ');
};

const defaultOf = ({ schema, required }: Row): string => {
  if (required) return 'required';
  const value = completeDefault(schema);
  return value === undefined ? 'none' : `\`${JSON.stringify(value)}\``;
};

const section = (row: Row): string => {
  const bounds = boundsOf(row.schema);
  const facts = [
    typeOf(row.schema),
    ...(row.required ? ['required'] : [`default ${defaultOf(row)}`]),
    ...(bounds === '' ? [] : [bounds]),
  ];
  return `### \`${row.path}\`\n\n${facts.join(' · ')}\n\n${row.schema.description ?? ''}\n`;
};

interface Page {
  /** Where the schema stands. */
  readonly source: string;
  readonly title: string;
  readonly introduction: string;
  readonly schema: FieldSchema;
  /** What a later version can do, and this one refuses. */
  readonly missing: readonly string[];
}

const page = ({ source, title, introduction, schema, missing }: Page): string => {
  // What has no type is refused, and not written by people: there is nothing to explain.
  const rows = rowsBelow(schema, '').filter((row) => row.schema.type !== undefined);
  const head = `<!-- Generated from ${source} by \`npm run generate\`. Do not edit. -->\n\n# ${title}\n\n${introduction}\n\n## Fields\n`;
  const tail = ['## What is not in this version', '', ...missing, ''].join('\n');
  return [head, ...rows.map(section), tail].join('\n');
};

/** docs/policy-fields.md. */
export const renderPolicyFields = (): string =>
  page({
    source: 'src/core/policy/schema/schema.ts',
    title: 'Fields of an ImagePolicy',
    introduction: '[policy.md](policy.md) explains how policies work together and has examples.',
    schema: policyFieldSchema(),
    missing: [
      'These belong to the policy format, and this version cannot run them. A policy that holds one of them is refused as a',
      'whole: a check is never ignored.',
      '',
      ...laterChecks.map((name) => `- the check \`${name}\``),
      ...Object.values(laterFields).map((name) => `- ${name}`),
    ],
  });

/** docs/trust-root-fields.md. */
export const renderTrustRootFields = (): string =>
  page({
    source: 'src/core/trust-root/schema.ts',
    title: 'Fields of a TrustRoot',
    introduction: '[trust-roots.md](trust-roots.md) explains where roots come from and has examples.',
    schema: fieldSchemaOf(trustRootSchema),
    missing: [
      'These belong to the format, and this version cannot run them. A trust root that holds one of them is refused as a whole.',
      '',
      '- `spec.sigstore.tuf`: a root that is fetched from a TUF repository',
      '- `spec.notary`: the trust store of Notary Project signatures',
    ],
  });
