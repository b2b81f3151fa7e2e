import type { V1MutatingWebhookConfiguration } from '@kubernetes/client-node';
import { gateLabels, objectNames, type Manifest } from './manifest.ts';
import { podRules, somethingJudgedChanges } from './webhook-rules.ts';
import { byName, clientConfig, timeoutSeconds, webhookNames } from './webhook-target.ts';
import type { WebhookOptions } from './webhook-target.ts';

/**
 * `digest: { pin: true }`: the API server asks for digests before it stores a Pod. Fails open, because nothing depends
 * on it: a Pod that comes to `/validate` without its digest is refused there. The bootstrap namespaces are asked about
 * as well, else `/validate` would refuse there what nobody had pinned; with the gate dead they start all the same.
 */
export const mutatingConfiguration = (
  options: Omit<WebhookOptions, 'workloads' | 'bootstrapNamespaces'>,
): V1MutatingWebhookConfiguration => ({
  apiVersion: 'admissionregistration.k8s.io/v1',
  kind: 'MutatingWebhookConfiguration',
  metadata: { name: objectNames.gate, labels: { ...gateLabels } },
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

const comment = `${webhookNames.mutate}: adds digests to the images of Pods where a policy says "pin: true"; changes nothing elsewhere. Never refuses and fails open: with every replica dead Pods keep their tags, and ${webhookNames.validate} refuses them where a policy wants a digest.
In an emergency: kubectl delete mutatingwebhookconfiguration ${objectNames.gate}`;

/** The configuration with its explanation, ready to be printed. */
export const mutatingManifest = (
  options: Omit<WebhookOptions, 'workloads' | 'bootstrapNamespaces'>,
): Manifest => ({ comment, object: mutatingConfiguration(options) as Manifest['object'] });
