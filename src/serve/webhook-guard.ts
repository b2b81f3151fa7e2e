import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { CertificateSource } from '../adapters/certificate/source.ts';
import type { CaSecret } from '../adapters/kubernetes/ca-secret.ts';
import type { ApiClient } from '../adapters/kubernetes/client.ts';
import { VALIDATING_WEBHOOKS } from '../adapters/kubernetes/client-resource.ts';
import type { Events } from '../adapters/kubernetes/events.ts';
import { inClusterWebhooks } from '../adapters/kubernetes/manifests/in-cluster.ts';
import { objectNames } from '../adapters/kubernetes/manifests/manifest.ts';
import {
  webhookConfiguration,
  webhookNames,
} from '../adapters/kubernetes/manifests/webhook-configuration.ts';
import { patchCaBundle } from '../adapters/kubernetes/webhooks-ca-bundle.ts';
import { createWebhookGuard } from '../adapters/kubernetes/webhooks.ts';
import type { WebhookGuard, WebhookIntegrity } from '../adapters/kubernetes/webhooks.ts';
import type { Config } from '../config/resolve.ts';
import type { JsonObject, JsonValue } from '../core/json.ts';
import { isJsonObject } from '../core/json.ts';
import { createWorkloadTable } from '../core/workload/kinds.ts';
import type { PartState } from '../gate/readiness.ts';
import type { Closers } from './closers.ts';
import { clock } from './telemetry.ts';
import type { Watchers } from './telemetry.ts';

const target = { resource: VALIDATING_WEBHOOKS, name: objectNames.gate } as const;
const patchWithin = 15_000;
const rotateEvery = 10 * 60_000;

const webhooksOf = (configuration: JsonObject | undefined): readonly JsonObject[] => {
  const webhooks = configuration?.['webhooks'];
  return Array.isArray(webhooks) ? (webhooks as readonly JsonValue[]).filter(isJsonObject) : [];
};

/** The URL under which the API server calls us, as far as our own certificate stands for its host. */
const ownUrl = (found: JsonObject | undefined, certificate: CertificateSource): string | undefined => {
  const validate = webhooksOf(found).find(({ name }) => name === webhookNames.validate);
  const client = validate?.['clientConfig'];
  const url = isJsonObject(client) ? client['url'] : undefined;
  if (typeof url !== 'string' || !URL.canParse(url) || !url.endsWith('/validate')) return undefined;
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const leaf = new X509Certificate(certificate.current().cert);
  const ours = isIP(host) === 0 ? leaf.checkHost(host) : leaf.checkIP(host);
  return ours === undefined ? undefined : url.slice(0, -'/validate'.length);
};

/** What the configuration has to look like. Outside of a cluster only the API server knows our URL: any of ours will do. */
const expectedOf =
  (config: Config, certificate: CertificateSource) =>
  (found: JsonObject | undefined): JsonObject => {
    const workloads = createWorkloadTable(config.workloads.value).all;
    const bootstrapNamespaces = config.bootstrapNamespaces.value;
    const namespace = config.namespace.value;
    const common = { workloads, bootstrapNamespaces, caBundle: '' };
    const { host, port } = config.listen.value;
    const expected =
      namespace === undefined
        ? webhookConfiguration({
            ...common,
            target: { url: ownUrl(found, certificate) ?? `https://${host}:${port}` },
          })
        : inClusterWebhooks({ ...common, namespace }).object;
    return expected as unknown as JsonObject;
  };

export interface WebhookWatch {
  readonly part: () => PartState;
  readonly guard: WebhookGuard;
}

const partOf = (integrity: WebhookIntegrity): PartState => {
  const part = 'webhook configuration';
  if (integrity.state === 'intact') return { part, state: 'ok', detail: 'intact' };
  if (integrity.state === 'unknown') return { part, state: 'trouble', detail: 'not read yet' };
  return { part, state: 'trouble', detail: `${integrity.state}: ${integrity.differences.join('; ')}` };
};

export interface WebhookGuardParts {
  readonly client: ApiClient;
  readonly certificate: CertificateSource;
  readonly events: Events;
  readonly isHolder: () => boolean;
}

/**
 * R13: watches our own webhook configuration and says within seconds when it is missing or altered, since whoever may
 * edit it can open the gate without a word (B24). R15: the Lease holder keeps our CA in its `caBundle`.
 */
export const watchWebhooks = (
  config: Config,
  parts: WebhookGuardParts,
  { log, metrics }: Watchers,
  closers: Closers,
): WebhookWatch => {
  const { client, certificate, events } = parts;
  const tell = (integrity: WebhookIntegrity): void => {
    metrics.set('webhookIntact', integrity.state === 'intact' ? 1 : 0);
    if (integrity.state === 'intact') log.info('the webhook configuration is intact');
    if (integrity.state !== 'missing' && integrity.state !== 'altered') return;
    const { state, differences, uid } = integrity;
    log.error(`the webhook configuration is ${state}: the cluster may run without the gate`, { differences });
    events.note({
      about: {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind: 'ValidatingWebhookConfiguration',
        name: objectNames.gate,
        ...(uid === undefined ? {} : { uid }),
      },
      type: 'Warning',
      reason: state === 'missing' ? 'WebhookMissing' : 'WebhookAltered',
      text: `the webhook configuration of imagegate is ${state}: ${differences.join('; ')}`,
    });
  };
  const guard = createWebhookGuard({
    client,
    clock,
    name: objectNames.gate,
    expected: expectedOf(config, certificate),
    authority: () => certificate.current().ca ?? '',
    onChange: tell,
  });
  guard.start();
  closers.add(() => guard.close());
  return { guard, part: () => partOf(guard.integrity()) };
};

/** Puts our CAs into `caBundle` when they changed. A configuration that is not there yet is no problem of ours. */
export const createBundleKeeper = (parts: WebhookGuardParts, guard: WebhookGuard, { log }: Watchers) => {
  return async (): Promise<void> => {
    const { ca } = parts.certificate.current();
    if (ca === undefined || !parts.isHolder()) return;
    const patched = await patchCaBundle(parts.client, target, ca, AbortSignal.timeout(patchWithin));
    if (patched.ok && patched.value)
      log.info('the CA bundle of the webhook configuration was brought up to date');
    if (!patched.ok && patched.error.status !== 404) {
      log.warn('the CA bundle of the webhook configuration could not be written', {
        problem: patched.error.message,
      });
    }
    guard.recheck();
  };
};

const trusts = (found: JsonObject | undefined, certificate: string): boolean => {
  const wanted = new X509Certificate(certificate).fingerprint256;
  const webhooks = webhooksOf(found);
  return (
    webhooks.length > 0 &&
    webhooks.every(({ clientConfig }) => {
      const bundle = isJsonObject(clientConfig) ? clientConfig['caBundle'] : undefined;
      const pem = Buffer.from(typeof bundle === 'string' ? bundle : '', 'base64').toString('utf8');
      const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
      return blocks.some((block) => new X509Certificate(block).fingerprint256 === wanted);
    })
  );
};

/** R15: takes the steps of a CA rotation as they become due; the Lease holder alone. */
export const rotateAuthority = (
  secret: CaSecret,
  parts: WebhookGuardParts,
  { log }: Watchers,
  closers: Closers,
): void => {
  const step = async (): Promise<void> => {
    if (!parts.isHolder()) return;
    const signal = AbortSignal.timeout(patchWithin);
    const found = await parts.client.request({ ...target, verb: 'get' }, signal);
    const configuration = found.ok ? found.value : undefined;
    const rotated = await secret.rotate((certificate) => trusts(configuration, certificate), signal);
    if (!rotated.ok) log.warn('the CA could not be rotated', { problem: rotated.error.message });
    else if (rotated.value !== 'none') log.info('CA rotation', { step: rotated.value });
  };
  const timer = setInterval(() => {
    step().catch((error: unknown) => log.error('the CA could not be rotated', { error }));
  }, rotateEvery);
  timer.unref();
  closers.add(() => clearInterval(timer));
};
