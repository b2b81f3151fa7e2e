import { oneAtATime } from '../../concurrency/single-flight.ts';
import type { CertificateSource } from '../../adapters/certificate/source.ts';
import type { CaSecret } from '../../adapters/kubernetes/certificates/ca-secret.ts';
import type { ApiClient } from '../../adapters/kubernetes/client/client.ts';
import type { ApiProblem } from '../../adapters/kubernetes/client/problem.ts';
import type { Events } from '../../adapters/kubernetes/events/events.ts';
import { doorNames, type DoorName } from '../../install/doors/door-configuration.ts';
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
import type { Result } from '../../core/result.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import type { PartState } from '../../gate/readiness.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { ConstraintDoors } from './constraint-doors.ts';
import { expectedOptions } from './expected-options.ts';
import type { Telemetry } from '../telemetry.ts';

/** One of the objects that make the API server ask the gate. */
interface OwnConfiguration {
  readonly kind: WebhookConfigurationKind;
  readonly name: typeof objectNames.gate | DoorName;
  /** What can happen when it is missing or altered. */
  readonly consequence: string;
  /** What happens while it is missing. */
  readonly withoutIt: string;
  /** Milliseconds for which a difference must last before it is told. */
  readonly settle?: number;
}

/** The webhook that refuses, and the webhook that pins. */
const always: readonly OwnConfiguration[] = [
  {
    kind: 'ValidatingWebhookConfiguration',
    name: objectNames.gate,
    consequence: 'the cluster may run without the gate',
    withoutIt: 'nothing is gated',
  },
  {
    kind: 'MutatingWebhookConfiguration',
    name: objectNames.gate,
    consequence: 'images may not be pinned',
    withoutIt: 'no image is pinned, so Pods without a digest are refused where a policy says pin',
  },
];

/** Milliseconds in which the Lease holder writes what constraints want; other replicas may know it before. */
const doorsSettleWithin = 5_000;

/** The webhooks whose rules follow the constraints. */
const ofConstraints: readonly OwnConfiguration[] = doorNames.map((name) => ({
  kind: 'ValidatingWebhookConfiguration',
  name,
  consequence: 'constraints may not be asked about what is no workload',
  withoutIt: 'constraints are not asked about what comes by it',
  settle: doorsSettleWithin,
}));

const ownConfigurations = ({ doors }: Pick<WebhookGuardParts, 'doors'>): readonly OwnConfiguration[] =>
  doors === undefined ? always : [...always, ...ofConstraints];

const targetOf = ({ kind, name }: OwnConfiguration) => ({ resource: webhookResources[kind], name });

const patchWithin = 15_000;
const rotateEvery = 10 * 60_000;

const expectedOf = (
  config: Config,
  { certificate, doors }: Pick<WebhookGuardParts, 'certificate' | 'doors'>,
  { kind, name }: OwnConfiguration,
) => {
  if (name !== objectNames.gate && doors !== undefined) return doors.expected(name);
  const guardsConstraints = config.constraints.value === 'enforce';
  return expectedWebhooks({ ...expectedOptions(config, certificate), guardsConstraints }, kind);
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
  /** Absent: constraints are asked about workloads alone, or not at all. */
  readonly doors?: Pick<ConstraintDoors, 'expected' | 'onExpected' | 'wake'> | undefined;
}

const eventOf = (
  { kind, name }: OwnConfiguration,
  { state, differences, uid }: Extract<WebhookIntegrity, { readonly differences: readonly string[] }>,
): Parameters<Events['note']>[0] => ({
  about: {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind,
    name,
    ...(uid === undefined ? {} : { uid }),
  },
  type: 'Warning',
  reason: state === 'missing' ? 'WebhookMissing' : 'WebhookAltered',
  text: `the webhook configuration of ${name} is ${state}: ${differences.join('; ')}`,
});

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
  const { client, certificate, events, doors } = parts;
  const emit = (own: OwnConfiguration, integrity: WebhookIntegrity): void => {
    const { kind, name, consequence } = own;
    const all = guards.map((guard) => guard.integrity());
    if (all.every(({ state }) => state !== 'unknown')) {
      metrics.set('webhookIntact', all.every(({ state }) => state === 'intact') ? 1 : 0);
    }
    if (integrity.state === 'intact') log.info('the webhook configuration is intact', { kind, name });
    if (integrity.state !== 'missing' && integrity.state !== 'altered') return;
    metrics.set('webhookIntact', 0);
    const { state, differences } = integrity;
    log.error(`the webhook configuration is ${state}: ${consequence}`, { kind, name, differences });
    events.note(eventOf(own, integrity));
  };
  const guards = ownConfigurations(parts).map((own) =>
    createWebhookGuard({
      client,
      clock: systemClock,
      ...own,
      expected: expectedOf(config, parts, own),
      authority: () => certificate.current().ca ?? '',
      onChange: (integrity) => emit(own, integrity),
      // What somebody changes there is put back, and where the gate is found is read from the first of them.
      ...(doors === undefined ? {} : { onSeen: () => doors.wake() }),
    }),
  );
  for (const guard of guards) {
    guard.start();
    lifecycle.add(() => guard.close());
  }
  const recheck = (): void => {
    for (const guard of guards) guard.recheck();
  };
  // A holder that cannot write is noticed by the others, though nothing changes in the cluster.
  doors?.onExpected(recheck);
  return {
    guard: { recheck },
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
  const keepOne = async (own: OwnConfiguration, ca: string): Promise<void> => {
    const { kind, name } = own;
    const patched = await patchCaBundle(parts.client, targetOf(own), ca, AbortSignal.timeout(patchWithin));
    if (patched.ok && patched.value)
      log.info('the CA bundle of the webhook configuration was brought up to date', { kind, name });
    if (!patched.ok && patched.error.status !== 404) {
      log.warn('the CA bundle of the webhook configuration could not be written', {
        kind,
        name,
        problem: patched.error.message,
      });
    }
  };
  const keep = async (): Promise<void> => {
    const { ca } = parts.certificate.current();
    if (ca === undefined || !parts.isHolder()) return;
    for (const own of ownConfigurations(parts)) await keepOne(own, ca);
    guard.recheck();
  };
  return (): Promise<void> =>
    keep().catch((error: unknown) =>
      log.error('the CA bundle of the webhook configuration could not be written', { error }),
    );
};

const isWithoutWebhooks = (found: Result<JsonObject, ApiProblem>): boolean => {
  if (!found.ok) return found.error.status === 404;
  const { webhooks } = found.value;
  return !Array.isArray(webhooks) || webhooks.length === 0;
};

/**
 * R15: takes the steps of a CA rotation when they become due. Only the Lease holder does so.
 * @returns a function that checks now, for when the Lease was gained or the Secret changed
 */
export const rotateAuthority = (
  secret: Pick<CaSecret, 'rotate'>,
  parts: Pick<WebhookGuardParts, 'client' | 'isHolder' | 'doors'> & { readonly every?: number },
  { log }: Telemetry,
  lifecycle: Lifecycle,
): (() => void) => {
  const step = async (): Promise<void> => {
    if (!parts.isHolder()) return;
    const signal = AbortSignal.timeout(patchWithin);
    const [validating, ...others] = await Promise.all(
      ownConfigurations(parts).map((own) => parts.client.request({ ...targetOf(own), verb: 'get' }, signal)),
    );
    // Pinning and constraints are optional: a configuration that is missing or empty is no reason to keep an old CA.
    const asked = [validating, ...others.filter((found) => !isWithoutWebhooks(found))];
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
