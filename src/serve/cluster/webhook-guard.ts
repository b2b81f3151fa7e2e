import { oneAtATime } from '../../concurrency/single-flight.ts';
import type { CertificateSource } from '../../adapters/certificate/source.ts';
import type { CaSecret } from '../../adapters/kubernetes/certificates/ca-secret.ts';
import type { ApiClient } from '../../adapters/kubernetes/client/client.ts';
import type { Events } from '../../adapters/kubernetes/events/events.ts';
import { objectNames } from '../../install/manifest.ts';
import { isTrustedEverywhere, patchCaBundle } from '../../adapters/kubernetes/webhooks/ca-bundle.ts';
import { expectedWebhooks } from '../../adapters/kubernetes/webhooks/expected.ts';
import {
  createWebhookGuard,
  webhookResources,
  type WebhookConfigurationKind,
  type WebhookGuard,
  type WebhookIntegrity,
} from '../../adapters/kubernetes/webhooks/webhooks.ts';
import type { Config } from '../../config/resolved.ts';
import { createWorkloadTable } from '../../core/workload/kinds/kinds.ts';
import type { PartState } from '../../gate/readiness.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { Telemetry } from '../telemetry.ts';

/** The webhook that refuses and the webhook that pins: the two objects that make the API server ask the gate. */
const kinds = ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration'] as const;
const targetOf = (kind: WebhookConfigurationKind) =>
  ({ resource: webhookResources[kind], name: objectNames.gate }) as const;

/** What can happen when one of them is missing or altered. */
const consequence: Readonly<Record<WebhookConfigurationKind, string>> = {
  ValidatingWebhookConfiguration: 'the cluster may run without the gate',
  MutatingWebhookConfiguration: 'images may not be pinned',
};
const patchWithin = 15_000;
const rotateEvery = 10 * 60_000;

const expectedOf = (config: Config, certificate: CertificateSource, kind: WebhookConfigurationKind) => {
  const { host, port } = config.listen.value;
  return expectedWebhooks(
    {
      workloads: createWorkloadTable(config.workloads.value).all,
      bootstrapNamespaces: config.bootstrapNamespaces.value,
      webhookName: config.webhookName.value,
      guardsConstraints: config.constraints.value === 'enforce',
      namespace: config.namespace.value,
      ownUrl: `https://${host}:${port}`,
      certificate: () => certificate.current().cert,
    },
    kind,
  );
};

interface WebhookWatch {
  readonly part: () => PartState;
  readonly guard: Pick<WebhookGuard, 'recheck'>;
}

const partOf = (all: readonly WebhookIntegrity[]): PartState => {
  const part = 'webhook configuration';
  const troubles = all.flatMap((integrity) => {
    if (integrity.state === 'intact') return [];
    if (integrity.state === 'unknown') return ['not read yet'];
    return [`${integrity.state}: ${integrity.differences.join('; ')}`];
  });
  if (troubles.length === 0) return { part, state: 'ok', detail: 'intact' };
  return { part, state: 'trouble', detail: [...new Set(troubles)].join('; ') };
};

export interface WebhookGuardParts {
  readonly client: ApiClient;
  readonly certificate: CertificateSource;
  readonly events: Events;
  readonly isHolder: () => boolean;
}

/**
 * R13: watches the webhook configurations of the gate and reports within seconds when one is missing or altered. A
 * user who may edit it could otherwise open the gate unnoticed (B24). R15: the Lease holder keeps the CA of the gate
 * in their `caBundle`.
 */
export const watchWebhooks = (
  config: Config,
  parts: WebhookGuardParts,
  { log, metrics }: Telemetry,
  lifecycle: Lifecycle,
): WebhookWatch => {
  const { client, certificate, events } = parts;
  const emit = (kind: WebhookConfigurationKind, integrity: WebhookIntegrity): void => {
    const all = guards.map((guard) => guard.integrity());
    if (all.every(({ state }) => state !== 'unknown')) {
      metrics.set('webhookIntact', all.every(({ state }) => state === 'intact') ? 1 : 0);
    }
    if (integrity.state === 'intact') log.info('the webhook configuration is intact', { kind });
    if (integrity.state !== 'missing' && integrity.state !== 'altered') return;
    metrics.set('webhookIntact', 0);
    const { state, differences, uid } = integrity;
    log.error(`the webhook configuration is ${state}: ${consequence[kind]}`, { kind, differences });
    events.note({
      about: {
        apiVersion: 'admissionregistration.k8s.io/v1',
        kind,
        name: objectNames.gate,
        ...(uid === undefined ? {} : { uid }),
      },
      type: 'Warning',
      reason: state === 'missing' ? 'WebhookMissing' : 'WebhookAltered',
      text: `the webhook configuration of imagegate is ${state}: ${differences.join('; ')}`,
    });
  };
  const guards = kinds.map((kind) =>
    createWebhookGuard({
      client,
      clock: systemClock,
      kind,
      name: objectNames.gate,
      expected: expectedOf(config, certificate, kind),
      authority: () => certificate.current().ca ?? '',
      onChange: (integrity) => emit(kind, integrity),
    }),
  );
  for (const guard of guards) {
    guard.start();
    lifecycle.add(() => guard.close());
  }
  return {
    guard: {
      recheck: () => {
        for (const guard of guards) guard.recheck();
      },
    },
    part: () => partOf(guards.map((guard) => guard.integrity())),
  };
};

/**
 * Writes the CAs of the gate into `caBundle` when they changed. Only the Lease holder does so (R15). Never rejects. A
 * missing configuration is no problem here.
 */
export const createBundleKeeper = (
  parts: WebhookGuardParts,
  guard: WebhookWatch['guard'],
  { log }: Telemetry,
) => {
  const keepOne = async (kind: WebhookConfigurationKind, ca: string): Promise<void> => {
    const patched = await patchCaBundle(parts.client, targetOf(kind), ca, AbortSignal.timeout(patchWithin));
    if (patched.ok && patched.value)
      log.info('the CA bundle of the webhook configuration was brought up to date', { kind });
    if (!patched.ok && patched.error.status !== 404) {
      log.warn('the CA bundle of the webhook configuration could not be written', {
        kind,
        problem: patched.error.message,
      });
    }
  };
  const keep = async (): Promise<void> => {
    const { ca } = parts.certificate.current();
    if (ca === undefined || !parts.isHolder()) return;
    for (const kind of kinds) await keepOne(kind, ca);
    guard.recheck();
  };
  return (): Promise<void> =>
    keep().catch((error: unknown) =>
      log.error('the CA bundle of the webhook configuration could not be written', { error }),
    );
};

/**
 * R15: takes the steps of a CA rotation when they become due. Only the Lease holder does so.
 * @returns a function that checks now, for when the Lease was gained or the Secret changed
 */
export const rotateAuthority = (
  secret: Pick<CaSecret, 'rotate'>,
  parts: Pick<WebhookGuardParts, 'client' | 'isHolder'> & { readonly every?: number },
  { log }: Telemetry,
  lifecycle: Lifecycle,
): (() => void) => {
  const step = async (): Promise<void> => {
    if (!parts.isHolder()) return;
    const signal = AbortSignal.timeout(patchWithin);
    const [validating, mutating] = await Promise.all(
      kinds.map((kind) => parts.client.request({ ...targetOf(kind), verb: 'get' }, signal)),
    );
    // Pinning is optional, so a missing webhook for it is no reason to keep an old CA.
    const without = mutating?.ok === false && mutating.error.status === 404;
    const asked = without ? [validating] : [validating, mutating];
    const rotated = await secret.rotate(
      (ca) => asked.every((found) => isTrustedEverywhere(found?.ok === true ? found.value : undefined, ca)),
      signal,
    );
    if (!rotated.ok) log.warn('the CA could not be rotated', { problem: rotated.error.message });
    else if (rotated.value !== 'none') log.info('CA rotation', { step: rotated.value });
  };
  // One step at a time: two steps at once would start from the same reading.
  const look = oneAtATime(() =>
    step().catch((error: unknown) => log.error('the CA could not be rotated', { error })),
  );
  const timer = setInterval(() => void look(), parts.every ?? rotateEvery);
  timer.unref();
  lifecycle.add(() => clearInterval(timer));
  return look;
};
