import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { objectOf, objectsIn, type JsonObject } from '../../../core/text/json/json.ts';
import { inClusterWebhooks, type OutOfClusterOptions } from '../../../install/installation.ts';
import { mutatingConfiguration, webhookConfiguration } from '../../../install/webhook-configuration.ts';
import type { GatedKind } from '../../../install/webhook-rules.ts';
import { webhookNames, type WebhookDoor } from '../../../install/webhook-target.ts';
import type { WebhookConfigurationKind } from './webhooks.ts';

export interface ExpectedOptions {
  /** The rows of the workload table. */
  readonly workloads: readonly GatedKind[];
  readonly bootstrapNamespaces: readonly string[];
  /** The name of the webhook that judges workloads. */
  readonly webhookName: string;
  /** The namespace of the gate; `undefined` when the gate is outside of the cluster. */
  readonly namespace: string | undefined;
  /** `https://HOST:PORT`: expected when the configuration names no URL of the gate. */
  readonly ownUrl: string;
  /** The serving certificate (PEM), asked for at every comparison. */
  readonly certificate: () => string;
}

/** The webhook of each configuration from which the URL of the gate is read. */
const tellingUrl = (
  kind: WebhookConfigurationKind,
  webhookName: string,
): { readonly name: string; readonly door: WebhookDoor } =>
  kind === 'ValidatingWebhookConfiguration'
    ? { name: webhookName, door: '/validate' }
    : { name: webhookNames.mutate, door: '/mutate' };

const urlOf = (configuration: JsonObject | undefined, name: string): string | undefined => {
  const webhook = objectsIn(configuration?.['webhooks']).find((one) => one['name'] === name);
  const { url } = objectOf(webhook?.['clientConfig']);
  return typeof url === 'string' ? url : undefined;
};

/** The URL under which the API server calls us, as far as our own certificate stands for its host. */
export const trustedUrl = (
  configuration: JsonObject | undefined,
  { name, door }: { readonly name: string; readonly door: WebhookDoor },
  certificate: string,
): string | undefined => {
  const url = urlOf(configuration, name);
  if (url === undefined || !URL.canParse(url) || !url.endsWith(door)) return undefined;
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const leaf = new X509Certificate(certificate);
  const ours = isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host);
  return ours === undefined ? undefined : url.slice(0, -door.length);
};

const outside = ({ url, ...options }: OutOfClusterOptions) => [
  mutatingConfiguration({ ...options, target: { url } }),
  webhookConfiguration({ ...options, target: { url } }),
];

/**
 * The expected webhook configuration of a kind (R13), without its `caBundle`. Outside of a cluster only the API
 * server knows under which URL it calls the gate, so any URL of the gate will do.
 */
export const expectedWebhooks =
  (options: ExpectedOptions & { readonly guardsConstraints: boolean }, kind: WebhookConfigurationKind) =>
  (found: JsonObject | undefined): JsonObject => {
    const { workloads, bootstrapNamespaces, webhookName, guardsConstraints, namespace } = options;
    const common = { workloads, bootstrapNamespaces, webhookName, guardsConstraints, caBundle: '' };
    const telling = tellingUrl(kind, webhookName);
    const certificate = options.certificate();
    const all =
      namespace === undefined
        ? outside({ ...common, url: trustedUrl(found, telling, certificate) ?? options.ownUrl })
        : inClusterWebhooks({ ...common, namespace }).map(({ object }) => object);
    return all.find((configuration) => configuration.kind === kind) as unknown as JsonObject;
  };
