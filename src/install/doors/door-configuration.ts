import type {
  AdmissionregistrationV1WebhookClientConfig,
  V1ValidatingWebhook,
  V1ValidatingWebhookConfiguration,
} from '@kubernetes/client-node';
import { manifest, objectMeta, objectNames, type InstallManifest } from '../manifest.ts';
import { byName, webhookNames } from '../webhook-target.ts';
import { moreThanMetadataChanges, openConditions } from './door-conditions.ts';
import { rulesOf, type DoorPlan } from './door-rules.ts';

/** The configurations whose rules follow the constraints: the one that fails closed, and the one that fails open. */
export const doorNames = [objectNames.closedDoor, objectNames.openDoor] as const;
export type DoorName = (typeof doorNames)[number];

interface DoorWebhookOptions {
  readonly webhookName: string;
  readonly bootstrapNamespaces: readonly string[];
  /** The namespace of the gate itself; `undefined`: the gate is outside of the cluster. */
  readonly ownNamespace: string | undefined;
  readonly clientConfig: AdmissionregistrationV1WebhookClientConfig;
}

/** Constraints need no evidence; whatever waits for a gate that is gone waits this long. */
export const constraintTimeoutSeconds = 5;

const webhook = (
  { webhookName, clientConfig }: DoorWebhookOptions,
  own: Pick<V1ValidatingWebhook, 'rules' | 'matchConditions' | 'namespaceSelector'> & {
    readonly failurePolicy: 'Fail' | 'Ignore';
  },
): V1ValidatingWebhook => ({
  name: webhookName,
  clientConfig,
  ...own,
  // Rego sees what somebody wrote, and nothing that was converted.
  matchPolicy: 'Exact',
  sideEffects: 'NoneOnDryRun',
  timeoutSeconds: constraintTimeoutSeconds,
  admissionReviewVersions: ['v1'],
});

const closedWebhooks = (plan: DoorPlan, options: DoorWebhookOptions): V1ValidatingWebhook[] => {
  const rules = rulesOf(plan.closed);
  const { ownNamespace, bootstrapNamespaces } = options;
  const own = ownNamespace === undefined ? [] : [ownNamespace];
  if (rules.length === 0) return [];
  return [
    webhook(options, {
      failurePolicy: 'Fail',
      rules,
      namespaceSelector: byName('NotIn', [...new Set([...own, ...bootstrapNamespaces])]),
      matchConditions: [moreThanMetadataChanges],
    }),
  ];
};

const openWebhooks = (plan: DoorPlan, options: DoorWebhookOptions): V1ValidatingWebhook[] => {
  const rules = rulesOf(plan.open);
  const { ownNamespace, bootstrapNamespaces } = options;
  if (rules.length === 0) return [];
  return [
    webhook(options, {
      failurePolicy: 'Ignore',
      rules,
      // The gate must be able to renew its Lease and to be updated, whatever a constraint says.
      namespaceSelector: byName('NotIn', ownNamespace === undefined ? [] : [ownNamespace]),
      matchConditions: openConditions(plan, bootstrapNamespaces),
    }),
  ];
};

const configuration = (
  name: DoorName,
  webhooks: V1ValidatingWebhook[],
): V1ValidatingWebhookConfiguration => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: objectMeta(name),
  webhooks,
});

/** The two configurations as the constraints in force want them. Pure. */
export const doorConfigurations = (
  plan: DoorPlan,
  options: DoorWebhookOptions,
): Readonly<Record<DoorName, V1ValidatingWebhookConfiguration>> => ({
  [objectNames.closedDoor]: configuration(objectNames.closedDoor, closedWebhooks(plan, options)),
  [objectNames.openDoor]: configuration(objectNames.openDoor, openWebhooks(plan, options)),
});

const comments = (webhookName: string): Readonly<Record<DoorName, string>> => ({
  [objectNames.closedDoor]: `What constraints refuse beside workloads: the gate keeps its rules, and they follow the constraints. Its webhook is called ${webhookName} too. Fails closed: with every replica dead, what a Deny constraint names can be neither created nor changed, while labels, finalizers, deletions and the bootstrap namespaces pass.
In an emergency: kubectl delete validatingwebhookconfiguration ${objectNames.closedDoor}`,
  [objectNames.openDoor]: `All else that constraints ask about: labels and other metadata, subresources, wildcards, leases, nodes and events, the bootstrap namespaces. The gate keeps its rules here as well. Fails open: with every replica dead these pass unjudged.
In an emergency: kubectl delete validatingwebhookconfiguration ${objectNames.openDoor}`,
});

/** The two, without a webhook: the gate writes them, and may only do so into objects that are there. */
export const doorManifests = (webhookName: string = webhookNames.validate): readonly InstallManifest[] =>
  doorNames.map((name) => manifest(configuration(name, []), comments(webhookName)[name]));
