import { policyFieldSchema, type FieldSchema } from './field-schema.ts';
import { policyApiVersion, policyKind } from '../schema/schema.ts';

/** A structural OpenAPI v3 schema: only what the API server takes beside `properties`. */
interface StructuralSchema {
  readonly [keyword: string]: unknown;
}

/** Keywords that mean the same in both. Patterns are left out: the gate itself gives better messages. */
const sharedKeywords = [
  'type',
  'description',
  'default',
  'enum',
  'required',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minProperties',
  'maxProperties',
  'nullable',
] as const;

/**
 * R9: an API server prunes unknown fields in silence, so a misspelt `registeries:` would be stored as no check at
 * all. Every object keeps its fields, and the gate's own webhook refuses unknown ones with a suggestion.
 */
const structural = (schema: FieldSchema): StructuralSchema => {
  const shared = sharedKeywords.flatMap((keyword) =>
    schema[keyword] === undefined ? [] : [[keyword, schema[keyword]] as const],
  );
  const { properties, items, additionalProperties } = schema;
  return {
    ...Object.fromEntries(shared),
    ...(properties === undefined
      ? {}
      : { 'x-kubernetes-preserve-unknown-fields': true, properties: structuralProperties(properties) }),
    ...(items === undefined ? {} : { items: structural(items) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: structural(additionalProperties) }
      : {}),
  };
};

const structuralProperties = (
  properties: Readonly<Record<string, FieldSchema>>,
): Readonly<Record<string, StructuralSchema>> =>
  Object.fromEntries(
    Object.entries(properties)
      // A field that is only there to be refused has no type.
      .filter(([, field]) => field.type !== undefined)
      .map(([name, field]) => [name, structural(field)]),
  );

const condition = (noun: string) => ({
  type: 'object',
  description: `One observation about the ${noun}.`,
  required: ['type', 'status', 'lastTransitionTime', 'reason', 'message'],
  properties: {
    type: {
      type: 'string',
      description: `Accepted: the ${noun} was read without a problem and is in force.`,
      minLength: 1,
      maxLength: 316,
    },
    status: {
      type: 'string',
      description: 'True, False or Unknown.',
      enum: ['True', 'False', 'Unknown'],
    },
    observedGeneration: {
      type: 'integer',
      format: 'int64',
      minimum: 0,
      description: 'The metadata.generation that this condition speaks about; an older one is out of date.',
    },
    lastTransitionTime: {
      type: 'string',
      format: 'date-time',
      description: 'When the status of this condition last changed.',
    },
    reason: {
      type: 'string',
      description: 'One word for the cause, for programs.',
      minLength: 1,
      maxLength: 1024,
    },
    message: {
      type: 'string',
      description: 'The cause for people; names each field that is wrong and what was probably meant.',
      maxLength: 32768,
    },
  },
});

const status = (noun: string) => ({
  type: 'object',
  description: `Written by the gate: whether the ${noun} was accepted.`,
  properties: {
    conditions: {
      type: 'array',
      description: `What the gate observed about this ${noun}; Accepted says whether it is in force as written.`,
      maxItems: 16,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['type'],
      items: condition(noun),
    },
  },
});

const accepted = (field: string): string => `.status.conditions[?(@.type=="Accepted")].${field}`;

interface CustomResource {
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  /** What messages call such an object. */
  readonly noun: string;
  readonly description: string;
  /** The schema of the whole object. */
  readonly fields: FieldSchema;
  /** Columns of `kubectl get`, apart from `Accepted`, `Age`, `Reason` and `Message`. */
  readonly columns?: readonly object[];
  readonly wideColumns?: readonly object[];
}

/** The columns of `kubectl get`; those of priority 1 with `-o wide`. */
const printerColumns = ({ noun, columns = [], wideColumns = [] }: CustomResource): readonly object[] => [
  ...columns,
  {
    name: 'Accepted',
    type: 'string',
    jsonPath: accepted('status'),
    description: `Whether the ${noun} is in force as written.`,
  },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  ...wideColumns,
  { name: 'Reason', type: 'string', priority: 1, jsonPath: accepted('reason') },
  { name: 'Message', type: 'string', priority: 1, jsonPath: accepted('message') },
];

/** The CustomResourceDefinition of a cluster-scoped kind of the gate. */
export const customResourceDefinition = (resource: CustomResource): object => {
  const { kind, plural, singular, shortNames, noun, description } = resource;
  const [group = '', version = ''] = policyApiVersion.split('/');
  const fields = resource.fields.properties ?? {};
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Cluster',
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular,
        shortNames,
        categories: ['imagegate', 'security'],
      },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: printerColumns(resource),
          schema: {
            openAPIV3Schema: {
              type: 'object',
              description,
              required: ['spec'],
              properties: {
                apiVersion: { type: 'string', description: fields['apiVersion']?.description },
                kind: { type: 'string', description: fields['kind']?.description },
                metadata: { type: 'object' },
                spec: structural(fields['spec'] ?? {}),
                status: status(noun),
              },
            },
          },
        },
      ],
    },
  };
};

/** The CustomResourceDefinition of ImagePolicy, made from the policy schema. */
export const imagePolicyCrd = (): object =>
  customResourceDefinition({
    kind: policyKind,
    plural: 'imagepolicies',
    singular: 'imagepolicy',
    shortNames: ['imgpol'],
    noun: 'policy',
    description:
      'ImagePolicy says which container images may run: whom it applies to, what must hold for their images, and ' +
      'what happens otherwise. An image needs the consent of every policy that matches it.',
    fields: policyFieldSchema(),
    columns: [
      { name: 'Mode', type: 'string', jsonPath: '.spec.mode', description: 'What a failed check does.' },
    ],
    wideColumns: [
      {
        name: 'Namespaces',
        type: 'string',
        priority: 1,
        jsonPath: '.spec.match.namespaces.include',
        description: 'Globs of the namespaces that the policy covers.',
      },
      {
        name: 'On-Unavailable',
        type: 'string',
        priority: 1,
        jsonPath: '.spec.onUnavailable',
        description: 'What happens when something that a check needs cannot be read.',
      },
    ],
  });
