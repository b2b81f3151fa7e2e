import { policyDefinition } from './in-cluster.ts';
import type { Manifest } from './manifest.ts';
import { outOfClusterAccess } from './rbac.ts';
import { mutatingManifest } from './mutating-configuration.ts';
import { webhookManifest } from './webhook-configuration.ts';
import type { WebhookOptions } from './webhook-target.ts';

/** A gate outside of the cluster is found by URL and has no namespace in it. */
export type OutOfClusterOptions = Omit<WebhookOptions, 'target' | 'ownNamespace'> & { readonly url: string };

/** R16: CRD, RBAC and webhook configurations for a gate that runs elsewhere; nothing namespaced. */
export const outOfClusterManifests = ({ url, ...options }: OutOfClusterOptions): readonly Manifest[] => [
  policyDefinition(),
  ...outOfClusterAccess(),
  mutatingManifest({ ...options, target: { url } }),
  webhookManifest({ ...options, target: { url } }),
];
