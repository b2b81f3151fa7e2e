import type {
  V1Validation,
  V1ValidatingAdmissionPolicy,
  V1ValidatingAdmissionPolicyBinding,
} from '@kubernetes/client-node';
import { manifest, objectMeta, objectNames, type InstallManifest } from './manifest.ts';

const apiVersion = 'admissionregistration.k8s.io/v1';
const metadata = objectMeta(objectNames.fence);

/** A CEL string literal. */
const literal = (text: string): string =>
  `'${text.replaceAll('\\', String.raw`\\`).replaceAll("'", String.raw`\'`)}'`;

const lists = ['containers', 'initContainers', 'ephemeralContainers'] as const;

const validations = (image: string): V1Validation[] => [
  ...lists.map((list) => ({
    expression: `object.spec.?${list}.orValue([]).all(container, container.?image.orValue('') == ${literal(image)})`,
    message: `only the image of ImageGate itself may run in this namespace (spec.${list})`,
    reason: 'Forbidden',
  })),
  {
    expression: `object.spec.?volumes.orValue([]).all(volume, !has(volume.image) || volume.image.?reference.orValue('') == ${literal(image)})`,
    message: 'only the image of ImageGate itself may be mounted in this namespace (spec.volumes)',
    reason: 'Forbidden',
  },
];

const policy = (image: string): V1ValidatingAdmissionPolicy => ({
  apiVersion,
  kind: 'ValidatingAdmissionPolicy',
  metadata,
  spec: {
    failurePolicy: 'Fail',
    matchConstraints: {
      matchPolicy: 'Equivalent',
      resourceRules: [
        {
          apiGroups: [''],
          apiVersions: ['v1'],
          operations: ['CREATE', 'UPDATE'],
          resources: ['pods', 'pods/ephemeralcontainers'],
        },
      ],
    },
    // During an upgrade Pods with the former image still run: their labels and finalizers must not be held.
    matchConditions: [
      { name: 'spec-changes', expression: "request.operation != 'UPDATE' || object.spec != oldObject.spec" },
    ],
    validations: validations(image),
  },
});

const binding = (namespace: string): V1ValidatingAdmissionPolicyBinding => ({
  apiVersion,
  kind: 'ValidatingAdmissionPolicyBinding',
  metadata,
  spec: {
    policyName: objectNames.fence,
    validationActions: ['Deny'],
    matchResources: {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
    },
  },
});

const comment =
  'The webhooks leave the namespace of the gate out, or a gate that is dead could never start again. So that nobody uses it as a way in, the API server itself admits one image there: this one. It holds with every replica dead.';

/** R11: the own namespace admits only the gate's own image, wherever in a Pod an image can stand. */
export const fence = (image: string, namespace: string): readonly InstallManifest[] => [
  manifest(policy(image), comment),
  manifest(binding(namespace)),
];
