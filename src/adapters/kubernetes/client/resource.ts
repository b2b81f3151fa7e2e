/** A resource of the Kubernetes API. `group` is empty for the core group. */
export interface ApiResource {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
}

/** The verbs as RBAC knows them. */
export type ApiVerb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete';

/** The target of a call: enough for the path and for the name of the RBAC right that it needs. */
export interface ApiTarget {
  readonly resource: ApiResource;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/** One call. The verb decides the method, verb and target name the RBAC right it needs. */
export interface ApiCall extends ApiTarget {
  readonly verb: ApiVerb;
  /** Asks what the API server serves instead of for an object: a path as it is, and the forms that we can read. */
  readonly discovery?: { readonly path: string; readonly accept: string };
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The type of a patch; by default a merge patch. */
  readonly patch?: 'json' | 'merge';
  /** Ask for metadata only: labels and owners of large objects cost little then. */
  readonly metadataOnly?: boolean;
  /**
   * Answers beyond this many bytes are refused, and those of 30,000 values: it is somebody else's object. Without it 16 MiB,
   * however many values.
   */
  readonly maxBytes?: number;
}

const resource = (group: string, version: string, name: string): ApiResource => ({
  group,
  version,
  resource: name,
});

export const namespacesResource = resource('', 'v1', 'namespaces');
export const secretsResource = resource('', 'v1', 'secrets');
export const serviceAccountsResource = resource('', 'v1', 'serviceaccounts');
export const eventsResource = resource('', 'v1', 'events');
export const leasesResource = resource('coordination.k8s.io', 'v1', 'leases');
export const imagePoliciesResource = resource('imagegate.dev', 'v1alpha1', 'imagepolicies');
export const trustRootsResource = resource('imagegate.dev', 'v1alpha1', 'trustroots');
export const constraintTemplatesResource = resource('templates.gatekeeper.sh', 'v1', 'constrainttemplates');
/** @param plural - the kind of the constraints in lower case */
export const constraintsResource = (plural: string): ApiResource =>
  resource('constraints.gatekeeper.sh', 'v1beta1', plural);
export const gatekeeperConfigsResource = resource('config.gatekeeper.sh', 'v1alpha1', 'configs');
export const customResourceDefinitionsResource = resource(
  'apiextensions.k8s.io',
  'v1',
  'customresourcedefinitions',
);
export const validatingWebhooksResource = resource(
  'admissionregistration.k8s.io',
  'v1',
  'validatingwebhookconfigurations',
);
export const mutatingWebhooksResource = resource(
  'admissionregistration.k8s.io',
  'v1',
  'mutatingwebhookconfigurations',
);

/** `/apis/apps/v1/namespaces/shop/deployments/web/status`; every part is escaped. */
export const pathOf = (target: ApiTarget): string => {
  const { group, version, resource: plural } = target.resource;
  const parts = group === '' ? ['api', version] : ['apis', group, version];
  if (target.namespace !== undefined) parts.push('namespaces', target.namespace);
  parts.push(plural);
  if (target.name !== undefined) parts.push(target.name);
  if (target.subresource !== undefined) parts.push(target.subresource);
  return `/${parts.map((part) => encodePart(part)).join('/')}`;
};

/** `.` and `..` survive encodeURIComponent and would climb the path. */
const encodePart = (part: string): string =>
  part === '.' || part === '..' ? part.replaceAll('.', '%2E') : encodeURIComponent(part);
