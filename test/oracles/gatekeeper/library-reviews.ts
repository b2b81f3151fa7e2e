import { isJsonObject, objectOf, textOf, type JsonObject } from '../../../src/core/text/json/json.ts';
import { groupOf, versionIn } from '../../../src/core/workload/kinds/kinds.ts';
import { metadataOf, objectName } from '../../../src/core/workload/object-metadata.ts';
import { readsInventory, type LibrarySuite } from './library.ts';

/** A template with a constraint in force. */
export interface LibraryPolicy {
  readonly template: JsonObject;
  readonly constraint: JsonObject;
}

/** Templates of the library, one constraint of each, and what they are asked about at once. */
export interface LibraryPolicies {
  readonly templates: readonly JsonObject[];
  /**
   * Of the templates that do not read `data.inventory`, which nobody fills here: as published, where all deny, and with
   * other actions.
   */
  readonly inForce: readonly (readonly LibraryPolicy[])[];
  /** AdmissionReviews, which all are asked about. */
  readonly reviews: readonly JsonObject[];
}

/** Kinds of the library that stand in no namespace. */
const ofCluster = new Set(['ClusterRole', 'ClusterRoleBinding', 'FlowSchema', 'Namespace']);

const inNamespace = (object: JsonObject): JsonObject => {
  const metadata = metadataOf(object);
  const namespace = textOf(metadata['namespace']) || 'default';
  return ofCluster.has(textOf(object['kind'])) ? object : { ...object, metadata: { ...metadata, namespace } };
};

/** As the API server asks when somebody creates the object, or as the library asks itself. */
const reviewOf = (given: JsonObject, at: number): JsonObject => {
  const asked = given['kind'] === 'AdmissionReview' ? objectOf(given['request']) : { object: given };
  const object = inNamespace(objectOf(asked['object']));
  const apiVersion = textOf(object['apiVersion']);
  const [group, version, kind] = [groupOf(apiVersion), versionIn(apiVersion), textOf(object['kind'])];
  const { namespace } = metadataOf(object);
  const ofKind = { group, version, kind };
  const ofResource = { group, version, resource: `${kind.toLowerCase()}s` };
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: `library-${at}`,
      kind: ofKind,
      resource: ofResource,
      requestKind: ofKind,
      requestResource: ofResource,
      name: objectName(object),
      ...(namespace === undefined ? {} : { namespace }),
      operation: 'CREATE',
      userInfo: { username: 'alice', groups: ['developers', 'system:authenticated'] },
      oldObject: null,
      dryRun: false,
      options: { kind: 'CreateOptions', apiVersion: 'meta.k8s.io/v1' },
      ...asked,
      object,
    },
  };
};

const actions = ['deny', 'warn', 'dryrun'];

const withOtherAction = ({ template, constraint }: LibraryPolicy, at: number): LibraryPolicy => {
  const spec = { ...objectOf(constraint['spec']), enforcementAction: actions[at % actions.length]! };
  return { template, constraint: { ...constraint, spec } };
};

export const libraryPolicies = (suites: readonly LibrarySuite[]): LibraryPolicies => {
  const tests = new Map(
    suites.flatMap(({ tests }) => tests.toReversed()).map((test) => [objectName(test.template), test]),
  );
  const all: readonly LibraryPolicy[] = [...tests.values()];
  const judging = all.filter(({ template }) => !readsInventory(template));
  return {
    templates: all.map(({ template }) => template),
    inForce: [judging, judging.map(withOtherAction)],
    reviews: suites
      .flatMap(({ tests }) => tests.flatMap(({ objects }) => objects))
      .filter(isJsonObject)
      .map(reviewOf),
  };
};
