import { objectOf, type JsonObject } from '../../core/text/json/json.ts';
import { metadataOf } from '../../core/workload/object-metadata.ts';
import { constraintGroup } from './constraint.ts';
import { constraintSchema } from './schema/constraint-schema.ts';
import { crdFieldsOf, writtenKind } from './crd-fields.ts';
import { parametersSchema } from './schema/parameters-schema.ts';

/** The version that is stored comes first. */
const versions = ['v1beta1', 'v1alpha1'];

const columns: readonly JsonObject[] = [
  {
    name: 'enforcement-action',
    type: 'string',
    description: 'Type of enforcement action',
    jsonPath: '.spec.enforcementAction',
  },
  {
    name: 'total-violations',
    type: 'integer',
    description: 'Total number of violations',
    jsonPath: '.status.totalViolations',
  },
];

/**
 * The CRD of the constraints of a template, equal to the one that Gatekeeper v3.23.1 makes. Whoever stores it in a
 * cluster adds the template as its owner.
 * @param template - one that was read without a problem, as it is written
 */
export const constraintCrd = (template: JsonObject): JsonObject => {
  const kind = writtenKind(template);
  const { shortNames } = objectOf(crdFieldsOf(template)['names']);
  const plural = kind.toLowerCase();
  const schema = constraintSchema(parametersSchema(template));
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: {
      name: `${plural}.${constraintGroup}`,
      labels: { ...objectOf(metadataOf(template)['labels']), 'gatekeeper.sh/constraint': 'yes' },
    },
    spec: {
      conversion: { strategy: 'None' },
      group: constraintGroup,
      names: {
        categories: ['constraint', 'constraints'],
        kind,
        listKind: `${kind}List`,
        plural,
        ...(Array.isArray(shortNames) && shortNames.length > 0 ? { shortNames } : {}),
        singular: plural,
      },
      scope: 'Cluster',
      versions: versions.map((name, at) => ({
        additionalPrinterColumns: columns,
        name,
        schema: { openAPIV3Schema: schema },
        served: true,
        storage: at === 0,
        subresources: { status: {} },
      })),
    },
  };
};
