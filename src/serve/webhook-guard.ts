import type { CertificateSource } from '../adapters/certificate/source.ts';
import type { CaSecret } from '../adapters/kubernetes/ca-secret.ts';
import type { ApiClient } from '../adapters/kubernetes/client.ts';
import { VALIDATING_WEBHOOKS } from '../adapters/kubernetes/client-resource.ts';
import type { Events } from '../adapters/kubernetes/events.ts';
import { objectNames } from '../adapters/kubernetes/manifests/manifest.ts';
import { isTrustedEverywhere, patchCaBundle } from '../adapters/kubernetes/webhooks-ca-bundle.ts';
import { expectedWebhooks } from '../adapters/kubernetes/webhooks-expected.ts';
import { createWebhookGuard } from '../adapters/kubernetes/webhooks.ts';
import type { WebhookGuard, WebhookIntegrity } from '../adapters/kubernetes/webhooks.ts';
import type { Config } from '../config/resolve.ts';
import { createWorkloadTable } from '../core/workload/kinds.ts';
import type { PartState } from '../gate/readiness.ts';
import type { Closers } from './closers.ts';
import { clock } from './telemetry.ts';
import type { Watchers } from './telemetry.ts';

const target = { resource: VALIDATING_WEBHOOKS, name: objectNames.gate } as const;
const patchWithin = 15_000;
const rotateEvery = 10 * 60_000;

const expectedOf = (config: Config, certificate: CertificateSource) => {
  const { host, port } = config.listen.value;
  return expectedWebhooks({
    workloads: createWorkloadTable(config.workloads.value).all,
    bootstrapNamespaces: config.bootstrapNamespaces.value,
    namespace: config.namespace.value,
    ownUrl: `https://${host}:${port}`,
    certificate: () => certificate.current().cert,
  });
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

/**
 * Puts our CAs into `caBundle` when they changed; the Lease holder alone (R15). Never rejects. A configuration that is
 * not there yet is no problem of ours.
 */
export const createBundleKeeper = (parts: WebhookGuardParts, guard: WebhookGuard, { log }: Watchers) => {
  const keep = async (): Promise<void> => {
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
  return (): Promise<void> =>
    keep().catch((error: unknown) =>
      log.error('the CA bundle of the webhook configuration could not be written', { error }),
    );
};

/**
 * R15: takes the steps of a CA rotation as they become due; the Lease holder alone.
 * @returns what looks now: the Lease was gained, or the Secret changed.
 */
export const rotateAuthority = (
  secret: Pick<CaSecret, 'rotate'>,
  parts: Pick<WebhookGuardParts, 'client' | 'isHolder'> & { readonly every?: number },
  { log }: Watchers,
  closers: Closers,
): (() => void) => {
  const step = async (): Promise<void> => {
    if (!parts.isHolder()) return;
    const signal = AbortSignal.timeout(patchWithin);
    const found = await parts.client.request({ ...target, verb: 'get' }, signal);
    const configuration = found.ok ? found.value : undefined;
    const rotated = await secret.rotate((ca) => isTrustedEverywhere(configuration, ca), signal);
    if (!rotated.ok) log.warn('the CA could not be rotated', { problem: rotated.error.message });
    else if (rotated.value !== 'none') log.info('CA rotation', { step: rotated.value });
  };
  // One at a time: two steps at once would be made from the same reading.
  let running: Promise<void> | undefined;
  const look = (): void => {
    running ??= step()
      .catch((error: unknown) => log.error('the CA could not be rotated', { error }))
      .finally(() => (running = undefined));
  };
  const timer = setInterval(look, parts.every ?? rotateEvery);
  timer.unref();
  closers.add(() => clearInterval(timer));
  return look;
};
