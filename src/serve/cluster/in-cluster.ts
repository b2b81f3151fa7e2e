import type { CertificateSource } from '../../adapters/certificate/source.ts';
import type { ApiClient } from '../../adapters/kubernetes/client/client.ts';
import { createPullSecrets } from '../../adapters/kubernetes/resources/pull-secrets.ts';
import type { Config } from '../../config/resolved.ts';
import type { Decision } from '../../core/decision/decision.ts';
import type { CompileExpression } from '../../core/policy/schema/schema.ts';
import type { JsonObject } from '../../core/text/json/json.ts';
import { ok, type Result } from '../../core/result.ts';
import type { PullSecrets } from '../../evidence/ports.ts';
import type { TrustRoots } from '../../evidence/trust/trust-root.ts';
import type { NamespaceReader } from '../../gate/ports.ts';
import type { PartState } from '../../gate/readiness.ts';
import { openCertificate } from '../certificate.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { openClusterCertificate, type ClusterCertificate } from './cluster-certificate.ts';
import {
  createClusterClient,
  openClusterPolicies,
  openEvents,
  openLeadership,
  openNamespaces,
} from './cluster.ts';
import { openClusterConstraints, type ClusterConstraints } from './cluster-constraints.ts';
import { openClusterTrustRoots } from './cluster-trust-roots.ts';
import type { Policies } from '../policies.ts';
import type { Telemetry } from '../telemetry.ts';
import { createBundleKeeper, rotateAuthority, watchWebhooks } from './webhook-guard.ts';

interface FromCluster {
  readonly namespaces: NamespaceReader;
  readonly policies: Policies;
  readonly trustRoots: TrustRoots;
  readonly certificate: CertificateSource;
  readonly pullSecrets: PullSecrets;
  readonly constraints: ClusterConstraints | undefined;
  readonly parts: () => readonly PartState[];
  readonly emit: (decision: Decision, object: JsonObject | null) => void;
}

/**
 * Uses the given files if there are any. Otherwise the CA is in a Secret inside of a cluster, and under `--data`
 * elsewhere.
 */
const openServing = (
  client: ApiClient,
  config: Config,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): Promise<Result<CertificateSource | ClusterCertificate, readonly string[]>> => {
  const namespace = config.namespace.value;
  if (namespace === undefined || config.tlsCert.value !== undefined)
    return openCertificate(config, telemetry, lifecycle);
  return openClusterCertificate({ client, namespace }, config, telemetry, lifecycle);
};

/** The CA of the gate goes where the API server looks for it whenever it changes. */
const followCertificate = (
  certificate: CertificateSource | ClusterCertificate,
  { keepBundle, rotate }: { readonly keepBundle: () => void; readonly rotate: (() => void) | undefined },
  lifecycle: Lifecycle,
): void => {
  const before = certificate.current().ca;
  lifecycle.add(
    certificate.onChange(({ ca }) => {
      if (ca !== before) keepBundle();
    }),
  );
  if (!('secret' in certificate)) return;
  certificate.onSecret(() => {
    keepBundle();
    rotate?.();
  });
};

/** `--cluster`: policies, namespaces, Events, our webhook configuration and, with `--namespace`, CA and Lease. */
export const openFromCluster = async (
  config: Config,
  { replica, compileExpression }: { readonly replica: string; readonly compileExpression: CompileExpression },
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): Promise<Result<FromCluster, readonly string[]>> => {
  const connected = await createClusterClient(config, lifecycle);
  if (!connected.ok) return connected;
  const client = connected.value;
  const serving = await openServing(client, config, telemetry, lifecycle);
  if (!serving.ok) return serving;
  const certificate = serving.value;
  const namespaces = openNamespaces(client, telemetry, lifecycle);
  const candidate = { namespace: config.namespace.value, replica };
  const leadership = openLeadership(client, candidate, telemetry, () => {
    policies.wake();
    trustRoots.wake();
    constraints?.wake();
    void keepBundle();
    rotate?.();
  });
  const policies = openClusterPolicies(
    client,
    {
      compileExpression,
      isHolder: leadership.isHolder,
      hasConstraints: () => (constraints === undefined ? false : constraints.hasAny()),
    },
    telemetry,
    lifecycle,
  );
  const trustRoots = openClusterTrustRoots(client, leadership.isHolder, telemetry, lifecycle);
  const { isHolder } = leadership;
  const ofConstraints = { client, config, certificate, isHolder, onListed: policies.constraintsListed };
  const constraints = openClusterConstraints(ofConstraints, telemetry, lifecycle);
  const events = openEvents(client, replica, telemetry, lifecycle);
  const parts = { client, certificate, events, isHolder, doors: constraints?.doors };
  const webhooks = watchWebhooks(config, parts, telemetry, lifecycle);
  const keepBundle = createBundleKeeper(parts, webhooks.guard, telemetry);
  const rotate =
    'secret' in certificate ? rotateAuthority(certificate.secret, parts, telemetry, lifecycle) : undefined;
  followCertificate(certificate, { keepBundle: () => void keepBundle(), rotate }, lifecycle);
  leadership.start(lifecycle);
  return ok({
    namespaces: namespaces.reader,
    policies,
    trustRoots: trustRoots.roots,
    certificate,
    pullSecrets: createPullSecrets(client),
    constraints,
    parts: () =>
      [namespaces, trustRoots, webhooks, ...(constraints ? [constraints, constraints.doors] : [])].map(
        (one) => one.part(),
      ),
    emit: (decision, object) => events.decided(decision, object),
  });
};
