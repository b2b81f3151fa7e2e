import { X509Certificate } from 'node:crypto';
import { oneAtATime } from '../../concurrency/single-flight.ts';
import { createCa, day, issueLeaf } from '../../adapters/certificate/issue.ts';
import {
  createHolder,
  type CertificateSource,
  type ServingMaterial,
} from '../../adapters/certificate/source.ts';
import { createCaSecret, type CaSecret } from '../../adapters/kubernetes/certificates/ca-secret.ts';
import type { CaAuthorities } from '../../adapters/kubernetes/certificates/ca-secret-content.ts';
import type { ApiClient } from '../../adapters/kubernetes/client/client.ts';
import { objectNames } from '../../install/manifest.ts';
import type { Config } from '../../config/resolved.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { Telemetry } from '../telemetry.ts';

const loadWithin = 30_000;
const checkEvery = 10 * 60_000;
const renewBefore = 30 * day;

export interface ClusterCertificate extends CertificateSource {
  readonly secret: CaSecret;
  /** Calls back when another CA, or another step of a rotation, was read from the Secret. */
  readonly onSecret: (listener: () => void) => void;
}

/** Names under which the API server and users of this machine reach the gate (R15). */
const namesOf = (config: Config, namespace: string): readonly string[] => {
  const service = `${objectNames.gate}.${namespace}.svc`;
  return [...new Set([service, ...config.tlsName.value, 'localhost', '127.0.0.1', '::1'])];
};

const issue = async (authorities: CaAuthorities, names: readonly string[]): Promise<ServingMaterial> => {
  const { certificate, key } = authorities.current;
  const leaf = await issueLeaf({ cert: certificate, key }, names, systemClock);
  return { ...leaf, ca: authorities.bundle };
};

/** Whether the CA that signs now has signed the leaf. Another leaf is replaced before its CA is dropped. */
const isCurrent = (material: ServingMaterial, authorities: CaAuthorities): boolean =>
  new X509Certificate(material.cert).checkIssued(new X509Certificate(authorities.current.certificate));

interface Renewed {
  readonly secret: CaSecret;
  readonly holder: ReturnType<typeof createHolder>;
  readonly names: readonly string[];
}

/**
 * Checks whether the leaf has to be replaced. Never rejects. Calls during a check cause one more check afterwards.
 */
const createRenewal = ({ secret, holder, names }: Renewed, log: Telemetry['log']): (() => Promise<void>) => {
  const renew = async (): Promise<void> => {
    const authorities = secret.authorities();
    if (authorities === undefined) return;
    const now = holder.current();
    const due = now.expiresAt - systemClock.now() < renewBefore || !isCurrent(now, authorities);
    if (due) holder.change(await issue(authorities, names));
    else if (now.ca !== authorities.bundle) holder.change({ ...now, ca: authorities.bundle });
  };
  let again = false;
  const renewAll = async (): Promise<void> => {
    try {
      do {
        again = false;
        await renew();
      } while (again);
    } catch (error) {
      log.error('the serving certificate could not be renewed', { error });
    }
  };
  const once = oneAtATime(renewAll);
  return () => {
    again = true;
    return once();
  };
};

/**
 * R15 inside of a cluster: the CA lies in one Secret, each replica issues its own leaf and keeps it in memory. A new
 * CA reaches every `caBundle` before any leaf uses it; the replicas follow the Secret.
 */
export const openClusterCertificate = async (
  { client, namespace }: { readonly client: ApiClient; readonly namespace: string },
  config: Config,
  { log, metrics }: Telemetry,
  lifecycle: Lifecycle,
): Promise<Result<ClusterCertificate, readonly string[]>> => {
  const names = namesOf(config, namespace);
  let isServing = false;
  const listeners: (() => void)[] = [];
  const secret = createCaSecret({
    client,
    clock: systemClock,
    namespace,
    name: objectNames.caSecret,
    createCa: async () => {
      const { cert, key } = await createCa(systemClock);
      return { certificate: cert, key };
    },
    onChange: () => {
      // The first reading happens below, before there is a leaf to replace.
      if (!isServing) return;
      void check();
      for (const listener of listeners) listener();
    },
    onProblem: ({ message }) => log.warn('certificate', { problem: message }),
  });
  const loaded = await secret.load(AbortSignal.timeout(loadWithin));
  if (!loaded.ok) return fail([`the CA of the gate cannot be read: ${loaded.error.message}`]);
  const holder = createHolder(await issue(loaded.value, names));
  const check = createRenewal({ secret, holder, names }, log);
  isServing = true;
  secret.start();
  const timer = setInterval(() => void check(), checkEvery).unref();
  lifecycle.add(async () => {
    clearInterval(timer);
    await secret.close();
  });
  metrics.onScrape(() => metrics.set('certificateExpiry', holder.current().expiresAt / 1000));
  return ok({
    ...holder,
    check,
    secret,
    onSecret: (listener) => void listeners.push(listener),
    close: () => clearInterval(timer),
  });
};
