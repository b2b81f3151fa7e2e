import { manifest, type InstallManifest } from './manifest.ts';

const text = { type: 'string' };
const list = (items: object) => ({ type: 'array', items });
const object = (properties: object) => ({ type: 'object', properties });

const target = object({
  target: text,
  rego: text,
  libs: list(text),
  operations: list(text),
  code: {
    ...list({
      ...object({ engine: text, source: { 'x-kubernetes-preserve-unknown-fields': true } }),
      required: ['engine', 'source'],
    }),
    'x-kubernetes-list-map-keys': ['engine'],
    'x-kubernetes-list-type': 'map',
  },
});

/** By the version in which somebody writes a template, parameters that no schema names pass or do not. */
const validation = (isLegacy: boolean) => ({
  ...object({
    legacySchema: { type: 'boolean', default: isLegacy },
    openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  }),
  default: { legacySchema: isLegacy },
});

const byPod = list({
  ...object({
    id: text,
    observedGeneration: { type: 'integer', format: 'int64' },
    errors: list({
      ...object({ code: text, location: text, message: text }),
      required: ['code', 'message'],
    }),
  }),
  'x-kubernetes-preserve-unknown-fields': true,
});

/** The schema of a whole object. */
const schemaOf = (spec: object, status: object) => ({
  openAPIV3Schema: object({ apiVersion: text, kind: text, metadata: { type: 'object' }, spec, status }),
});

const templateVersion = (name: string, isLegacy: boolean, isStored: boolean) => ({
  name,
  served: true,
  storage: isStored,
  subresources: { status: {} },
  schema: schemaOf(
    object({
      crd: object({
        spec: object({
          names: object({ kind: text, shortNames: list(text) }),
          validation: validation(isLegacy),
        }),
      }),
      targets: list(target),
    }),
    object({ created: { type: 'boolean' }, byPod }),
  ),
});

const crd = (group: string, kind: string, scope: string, versions: readonly object[]) => {
  const plural = `${kind.toLowerCase()}s`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}`, labels: { 'gatekeeper.sh/system': 'yes' } },
    spec: {
      group,
      names: { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase() },
      preserveUnknownFields: false,
      scope,
      versions,
    },
  };
};

const groupVersionKind = object({ group: text, version: text, kind: text });

const config = {
  name: 'v1alpha1',
  served: true,
  storage: true,
  schema: schemaOf(
    object({
      match: list(object({ processes: list(text), excludedNamespaces: list(text) })),
      readiness: object({ statsEnabled: { type: 'boolean' } }),
      sync: object({ syncOnly: list(groupVersionKind) }),
      validation: object({ traces: list(object({ user: text, dump: text, kind: groupVersionKind })) }),
    }),
    { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
  ),
};

const comment =
  'Gatekeeper’s own kinds, for a cluster in which Gatekeeper never was. To delete them deletes every template and every constraint, whoever wrote them: they are in no other output of this command, and `manifests --delete` leaves them.';

/** `manifests --gatekeeper-crds`: the kinds of Gatekeeper that the gate reads. */
export const gatekeeperCrds = (): readonly InstallManifest[] => [
  manifest(
    crd('templates.gatekeeper.sh', 'ConstraintTemplate', 'Cluster', [
      templateVersion('v1', false, true),
      templateVersion('v1beta1', true, false),
      templateVersion('v1alpha1', true, false),
    ]),
    comment,
  ),
  manifest(crd('config.gatekeeper.sh', 'Config', 'Namespaced', [config])),
];
