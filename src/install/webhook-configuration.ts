import type {
  V1MatchCondition,
  V1MutatingWebhookConfiguration,
  V1ValidatingWebhook,
  V1ValidatingWebhookConfiguration,
} from '@kubernetes/client-node';
import { manifest, objectMeta, objectNames, type InstallManifest } from './manifest.ts';
import { namespaceNameLabel } from '../core/policy/match/label-selector.ts';
import {
  clusterScopedRule,
  podRules,
  somethingJudgedChanges,
  workloadRules,
  type GatedKind,
} from './webhook-rules.ts';
import { byName, clientConfig, timeoutSeconds, webhookNames, type WebhookOptions } from './webhook-target.ts';

const text = (value: string): string => `'${value}'`;

/** R12: the labels of a namespace change, or a new namespace has labels of its own. */
const labelsChange: V1MatchCondition = {
  name: 'labels-change',
  expression: [
    "request.operation == 'CREATE'",
    `? object.metadata.?labels.orValue({}).exists(key, key != '${namespaceNameLabel}')`,
    ': object.metadata.?labels.orValue({}) != oldObject.metadata.?labels.orValue({})',
  ].join(' '),
};

/** A cluster that is rebuilt while the gate is dead must be able to create its bootstrap namespaces. */
const notNewForBootstrap = (names: readonly string[]): V1MatchCondition => ({
  name: 'not-a-new-bootstrap-namespace',
  expression: `request.operation != 'CREATE' || !(object.metadata.?name.orValue('') in [${names.map(text).join(', ')}])`,
});

type Webhook = Pick<V1ValidatingWebhook, 'name' | 'rules' | 'matchConditions'> & Partial<V1ValidatingWebhook>;

const webhook = (options: WebhookOptions, own: Webhook): V1ValidatingWebhook => {
  const { name, rules, matchConditions, namespaceSelector, failurePolicy = 'Fail' } = own;
  return {
    name,
    clientConfig: clientConfig(options, '/validate'),
    ...(rules === undefined ? undefined : { rules }),
    ...(namespaceSelector === undefined ? undefined : { namespaceSelector }),
    ...(matchConditions === undefined ? undefined : { matchConditions }),
    failurePolicy,
    matchPolicy: 'Equivalent',
    sideEffects: 'NoneOnDryRun',
    timeoutSeconds,
    admissionReviewVersions: ['v1'],
  };
};

const webhooks = (options: WebhookOptions): V1ValidatingWebhook[] => {
  const { workloads, ownNamespace, webhookName = webhookNames.validate } = options;
  const own = ownNamespace === undefined ? [] : [ownNamespace];
  const bootstrap = [...new Set(options.bootstrapNamespaces)].filter((name) => name !== ownNamespace);
  const matchConditions = [somethingJudgedChanges];
  const validate = webhook(options, {
    name: webhookName,
    rules: workloadRules(workloads),
    namespaceSelector: byName('NotIn', [...own, ...bootstrap]),
    matchConditions,
  });
  const startable = webhook(options, {
    name: webhookNames.bootstrap,
    // A cluster-scoped object has no namespace, so it matches every selector. The rules above judge it.
    rules: workloadRules(workloads, 'Namespaced'),
    namespaceSelector: byName('In', bootstrap),
    matchConditions,
    failurePolicy: 'Ignore',
  });
  const namespaces = webhook(options, {
    name: webhookNames.namespaces,
    // Both subresources accept labels (seen on 1.36), so each would be a way out of a policy.
    rules: [clusterScopedRule('', 'v1', 'namespaces', 'namespaces/status', 'namespaces/finalize')],
    // For a Namespace the selector looks at the object itself.
    namespaceSelector: byName('NotIn', own),
    matchConditions: bootstrap.length === 0 ? [labelsChange] : [labelsChange, notNewForBootstrap(bootstrap)],
  });
  const policies = webhook(options, {
    name: webhookNames.policies,
    rules: [
      clusterScopedRule('imagegate.dev', 'v1alpha1', 'imagepolicies', 'trustroots'),
      // Other versions of both are shown to the gate as these.
      ...(options.guardsConstraints === true
        ? [
            clusterScopedRule('templates.gatekeeper.sh', 'v1', 'constrainttemplates'),
            clusterScopedRule('constraints.gatekeeper.sh', 'v1beta1', '*'),
          ]
        : []),
    ],
    matchConditions: [somethingJudgedChanges],
  });
  return bootstrap.length === 0
    ? [validate, namespaces, policies]
    : [validate, startable, namespaces, policies];
};

const commentOf = (
  webhookName: string,
): string => `The gate itself. Apply this last, when it is ready: from here on workloads need its consent.
${webhookName}: every kind that embeds a pod spec. Fails closed: with every replica dead nothing new starts, while labels, finalizers and deletions of what runs still pass.
${webhookNames.bootstrap}: the same for the bootstrap namespaces, but they start without us when we are dead.
${webhookNames.namespaces}: a label change that takes a namespace out of a Deny policy. Fails closed: with Ignore, an outage would be the moment to relabel, and the namespace would stay out of the policy afterwards. While we are dead a namespace without labels of its own, a bootstrap namespace and our own can still be created; other new namespaces and label changes wait.
${webhookNames.policies}: refuses a policy or a trust root with an unknown field, which the API server would drop in silence, and a trust root whose certificates or keys cannot be used. Deleting one is never refused.
In an emergency: kubectl delete validatingwebhookconfiguration ${objectNames.gate}`;

/**
 * R9-R12: everything that the API server asks the gate about, as one object named `imagegate`. Pure; the
 * watch of our own configuration (R13) compares the cluster with it.
 */
export const webhookConfiguration = (options: WebhookOptions): V1ValidatingWebhookConfiguration => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'ValidatingWebhookConfiguration',
  metadata: objectMeta(objectNames.gate),
  webhooks: webhooks(options),
});

/** R10 lists versions, never `*`; the one exception is said where it is printed. */
const everyVersion = (workloads: readonly GatedKind[]): readonly string[] => {
  const rows = workloads.filter(({ versions }) => versions === undefined);
  if (rows.length === 0) return [];
  const names = rows.map(({ group, resource }) => `${resource}.${group}`).join(', ');
  return [
    `Without "versions" in their rows, these are gated in every version ("*"); list versions: ${names}.`,
  ];
};

/** The configuration with its explanation, ready to be printed. */
export const webhookManifest = (options: WebhookOptions): InstallManifest =>
  manifest(
    webhookConfiguration(options),
    [commentOf(options.webhookName ?? webhookNames.validate), ...everyVersion(options.workloads)].join('\n'),
  );

type MutatingOptions = Omit<WebhookOptions, 'workloads' | 'bootstrapNamespaces'>;

/**
 * `digest: { pin: true }`: the API server asks for digests before it stores a Pod. Fails open, because nothing depends
 * on it: a Pod that comes to `/validate` without its digest is refused there. The bootstrap namespaces are asked about
 * as well, else `/validate` would refuse there what nobody had pinned; with the gate dead they start all the same.
 */
export const mutatingConfiguration = (options: MutatingOptions): V1MutatingWebhookConfiguration => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: objectMeta(objectNames.gate),
  webhooks: [
    {
      name: webhookNames.mutate,
      clientConfig: clientConfig(options, '/mutate'),
      rules: podRules(),
      namespaceSelector: byName('NotIn', options.ownNamespace === undefined ? [] : [options.ownNamespace]),
      matchConditions: [somethingJudgedChanges],
      failurePolicy: 'Ignore',
      matchPolicy: 'Equivalent',
      // A sidecar that another webhook injects after us must be pinned too.
      reinvocationPolicy: 'IfNeeded',
      sideEffects: 'None',
      timeoutSeconds,
      admissionReviewVersions: ['v1'],
    },
  ],
});

const mutatingComment = (
  webhookName: string,
): string => `${webhookNames.mutate}: adds digests to the images of Pods where a policy says "pin: true"; changes nothing elsewhere. Never refuses and fails open: with every replica dead Pods keep their tags, and ${webhookName} refuses them where a policy wants a digest.
In an emergency: kubectl delete mutatingwebhookconfiguration ${objectNames.gate}`;

/** The configuration with its explanation, ready to be printed. */
export const mutatingManifest = (options: MutatingOptions): InstallManifest =>
  manifest(mutatingConfiguration(options), mutatingComment(options.webhookName ?? webhookNames.validate));
