import { policyDefinition } from './in-cluster.ts';
import type { Manifest } from './manifest.ts';
import { outOfClusterAccess } from './rbac.ts';
import { webhookManifest, type WebhookOptions } from './webhook-configuration.ts';

/** A gate outside of the cluster is found by URL and has no namespace in it. */
export type OutOfClusterOptions = Omit<WebhookOptions, 'target' | 'ownNamespace'> & { readonly url: string };

/** R16: CRD, RBAC and webhook configuration for a gate that runs elsewhere; nothing namespaced. */
export const outOfClusterManifests = ({ url, ...options }: OutOfClusterOptions): readonly Manifest[] => [
  policyDefinition(),
  ...outOfClusterAccess(),
  webhookManifest({ ...options, target: { url } }),
];
