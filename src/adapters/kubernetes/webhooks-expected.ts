import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { isJsonObject } from '../../core/json.ts';
import type { JsonObject, JsonValue } from '../../core/json.ts';
import { inClusterWebhooks } from './manifests/in-cluster.ts';
import { webhookConfiguration, webhookNames } from './manifests/webhook-configuration.ts';
import type { GatedKind } from './manifests/webhook-rules.ts';

export interface ExpectedOptions {
  /** The rows of the workload table. */
  readonly workloads: readonly GatedKind[];
  readonly bootstrapNamespaces: readonly string[];
  /** The namespace of the gate; undefined when it stands outside of the cluster. */
  readonly namespace: string | undefined;
  /** `https://HOST:PORT`: expected when the configuration names no URL that is ours. */
  readonly ownUrl: string;
  /** The serving certificate (PEM), asked for at every comparison. */
  readonly certificate: () => string;
}

const path = '/validate';

const validateUrl = (configuration: JsonObject | undefined): string | undefined => {
  const webhooks = configuration?.['webhooks'];
  const all = Array.isArray(webhooks) ? (webhooks as readonly JsonValue[]).filter(isJsonObject) : [];
  const client = all.find(({ name }) => name === webhookNames.validate)?.['clientConfig'];
  const url = isJsonObject(client) ? client['url'] : undefined;
  return typeof url === 'string' ? url : undefined;
};

/** The URL under which the API server calls us, as far as our own certificate stands for its host. */
const trustedUrl = (configuration: JsonObject | undefined, certificate: string): string | undefined => {
  const url = validateUrl(configuration);
  if (url === undefined || !URL.canParse(url) || !url.endsWith(path)) return undefined;
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const leaf = new X509Certificate(certificate);
  const ours = isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host);
  return ours === undefined ? undefined : url.slice(0, -path.length);
};

/**
 * What our webhook configuration has to look like (R13), without its `caBundle`. Outside of a cluster only the API
 * server knows under which URL it calls us: any of ours will do.
 */
export const expectedWebhooks =
  (options: ExpectedOptions) =>
  (found: JsonObject | undefined): JsonObject => {
    const { workloads, bootstrapNamespaces, namespace } = options;
    const common = { workloads, bootstrapNamespaces, caBundle: '' };
    const url = (): string => trustedUrl(found, options.certificate()) ?? options.ownUrl;
    const expected =
      namespace === undefined
        ? webhookConfiguration({ ...common, target: { url: url() } })
        : inClusterWebhooks({ ...common, namespace }).object;
    return expected as unknown as JsonObject;
  };
