import { policyDefinition } from './in-cluster.ts';
import type { Manifest } from './manifest.ts';
import type { PullSecretAccess } from './pull-secret-access.ts';
import { outOfClusterAccess } from './rbac.ts';
import { mutatingManifest } from './mutating-configuration.ts';
import { webhookManifest } from './webhook-configuration.ts';
import type { WebhookOptions } from './webhook-target.ts';

/** A gate outside of the cluster is found by URL and has no namespace in it. */
export type OutOfClusterOptions = Omit<WebhookOptions, 'target' | 'ownNamespace'> & {
  readonly url: string;
  /** Whose pull secrets the gate reads; nobody's unless told otherwise. */
  readonly pullSecrets?: PullSecretAccess;
};

/** R16: CRD, RBAC and webhook configurations for a gate that runs elsewhere; nothing namespaced but the rights to pull secrets that are asked for. */
export const outOfClusterManifests = ({
  url,
  pullSecrets,
  ...options
}: OutOfClusterOptions): readonly Manifest[] => [
  policyDefinition(),
  ...outOfClusterAccess(pullSecrets),
  mutatingManifest({ ...options, target: { url } }),
  webhookManifest({ ...options, target: { url } }),
];
