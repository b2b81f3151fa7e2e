import type { AdmissionregistrationV1WebhookClientConfig, V1LabelSelector } from '@kubernetes/client-node';
import { namespaceNameLabel } from '../core/policy/match/label-selector.ts';
import type { GatedKind } from './webhook-rules.ts';

/** Where the API server finds the gate. */
type WebhookTarget =
  /** `https://HOST:PORT` without a trailing slash: see `parseWebhookUrl`. */
  | { readonly url: string }
  | { readonly service: { readonly name: string; readonly namespace: string; readonly port: number } };

export interface WebhookOptions {
  readonly target: WebhookTarget;
  /** PEM; several certificates while the CA is being replaced (R15). */
  readonly caBundle: string;
  /** The rows of the workload table. */
  readonly workloads: readonly GatedKind[];
  readonly bootstrapNamespaces: readonly string[];
  /** The name of the webhook that judges workloads (`--webhook-name`); refusals begin with it. */
  readonly webhookName?: string | undefined;
  /** `--constraints enforce`: templates and constraints are judged on their way in. */
  readonly guardsConstraints?: boolean;
  /** The namespace of the gate itself; absent when the gate is outside of the cluster. */
  readonly ownNamespace?: string;
}

/** Names of the webhooks; metrics, audit annotations and refusals show them. */
export const webhookNames = {
  validate: 'validate.imagegate.dev',
  bootstrap: 'bootstrap.imagegate.dev',
  namespaces: 'namespaces.imagegate.dev',
  policies: 'policies.imagegate.dev',
  mutate: 'mutate.imagegate.dev',
} as const;

/** Paths of the gate that the API server calls. */
export type WebhookDoor = '/validate' | '/constraints' | '/mutate';

/**
 * R10. Evidence may take seconds, and a policy that needs it can come at any time, long after these objects were
 * applied: so they grant what the API server grants anyway. A review that reads nothing is answered in a millisecond.
 */
export const timeoutSeconds = 10;

/** Selects namespaces by the label that the API server sets to their name and nobody can change (B13). */
export const byName = (operator: 'In' | 'NotIn', names: readonly string[]): V1LabelSelector =>
  names.length === 0 ? {} : { matchExpressions: [{ key: namespaceNameLabel, operator, values: [...names] }] };

export const clientConfig = (
  { target, caBundle }: Pick<WebhookOptions, 'target' | 'caBundle'>,
  door: WebhookDoor,
): AdmissionregistrationV1WebhookClientConfig => {
  const ca = Buffer.from(caBundle).toString('base64');
  return 'url' in target
    ? { url: `${target.url}${door}`, caBundle: ca }
    : { service: { ...target.service, path: door }, caBundle: ca };
};
