import { randomUUID } from 'node:crypto';
import { createClient, type ApiClient } from '../../adapters/kubernetes/client/client.ts';
import { connect } from '../../adapters/kubernetes/client/connection-options.ts';
import { imagePoliciesResource } from '../../adapters/kubernetes/client/resource.ts';
import { createEvents, type Events } from '../../adapters/kubernetes/events/events.ts';
import { createLease } from '../../adapters/kubernetes/resources/lease.ts';
import { objectNames } from '../../install/manifest.ts';
import { createWatchedNamespaces } from '../../adapters/kubernetes/resources/namespaces.ts';
import { createClusterPolicies } from '../../adapters/kubernetes/resources/policies.ts';
import { createStatusWriter } from '../../adapters/kubernetes/resources/status-writer.ts';
import { readEnvironment } from '../../config/sources/load.ts';
import type { Config } from '../../config/resolved.ts';
import { version } from '../../config/version.ts';
import { compileBroken, compilePolicySet } from '../../core/policy-set/compile.ts';
import { describePolicyProblem } from '../../core/policy/load/problem-path.ts';
import type { PolicySet } from '../../core/policy-set/policy-set.ts';
import { readPolicy, type CompileExpression } from '../../core/policy/schema/schema.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import type { NamespaceReader } from '../../gate/ports.ts';
import type { PartState } from '../../gate/readiness.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { describeSet, reportSet, type Policies } from '../policies.ts';
import { watchPart } from './watch-part.ts';
import { systemClock } from '../../concurrency/clock.ts';
import type { Telemetry } from '../telemetry.ts';

/**
 * Prepares the connection and sends nothing yet: an unreachable cluster must not keep the gate from starting (R14).
 */
export const createClusterClient = async (
  config: Config,
  lifecycle: Lifecycle,
): Promise<Result<ApiClient, readonly string[]>> => {
  const connection = await connect({
    kubeconfig: config.kubeconfig.value,
    context: config.context.value,
    environment: readEnvironment(),
  });
  if (!connection.ok) return fail([connection.error.message]);
  const client = createClient(connection.value, { version });
  lifecycle.add(() => client.close());
  return ok(client);
};

interface ClusterNamespaces {
  readonly reader: NamespaceReader;
  readonly part: () => PartState;
}

export const openNamespaces = (
  client: ApiClient,
  { metrics }: Telemetry,
  lifecycle: Lifecycle,
): ClusterNamespaces => {
  const namespaces = createWatchedNamespaces({ client, clock: systemClock });
  namespaces.start();
  lifecycle.add(() => namespaces.close());
  metrics.onScrape(() => {
    const { staleSince } = namespaces.state();
    metrics.set(
      'watchStale',
      staleSince === undefined ? 0 : Math.max(0, systemClock.now() - staleSince) / 1000,
    );
  });
  return {
    reader: namespaces,
    part: () => watchPart('namespaces', namespaces.state(), `${namespaces.size()} known`),
  };
};

interface ClusterPoliciesParts {
  readonly compileExpression: CompileExpression;
  readonly isHolder: () => boolean;
  /** Whether constraints judge what no policy speaks about; `undefined`: they are not listed yet. */
  readonly hasConstraints?: () => boolean | undefined;
}

/** Warns when nothing judges. As long as constraints are not listed, nobody knows that. */
const tellEmpty = (set: PolicySet, hasConstraints: boolean | undefined, { log }: Telemetry): void => {
  if (set.policies.length + set.broken.length === 0 && hasConstraints === false)
    log.warn('the cluster holds no ImagePolicy: every image is allowed as unmatched');
};

/** Policies of the cluster, and their `Accepted` conditions, which only the Lease holder writes (R8, R15). */
export const openClusterPolicies = (
  client: ApiClient,
  { compileExpression, isHolder, hasConstraints = () => false }: ClusterPoliciesParts,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): Policies & { readonly wake: () => void; readonly constraintsListed: () => void } => {
  const { log, metrics } = telemetry;
  const policies = createClusterPolicies({
    client,
    clock: systemClock,
    read: (value) => readPolicy(value, compileExpression),
    build: (accepted, broken, setVersion) =>
      compilePolicySet(
        accepted,
        setVersion,
        broken.map(({ name, match, problems }) =>
          compileBroken(name, match, problems.map(describePolicyProblem).join('; ')),
        ),
      ),
    onSet: (set) => {
      metrics.count('reloads', { outcome: 'accepted' });
      reportSet(set, telemetry, 'policies of the cluster are in force');
      tellEmpty(set, hasConstraints(), telemetry);
    },
    onVerdicts: () => status.wake(),
    onError: (error) =>
      log.error('the policies of the cluster could not be built; the last set stays in force', { error }),
  });
  const status = createStatusWriter({
    client,
    clock: systemClock,
    resource: imagePoliciesResource,
    isHolder,
    verdicts: () => policies.verdicts(),
    onProblem: ({ message }) => log.warn('the status of a policy could not be written', { problem: message }),
  });
  policies.start();
  lifecycle.add(async () => {
    await status.close();
    await policies.close();
  });
  return {
    source: policies,
    wake: () => status.wake(),
    constraintsListed: () => {
      const current = policies.current();
      if (current.state === 'loaded') tellEmpty(current.set, hasConstraints(), telemetry);
    },
    part: () => {
      const current = policies.current();
      if (current.state === 'loading') return { part: 'policies', state: 'waiting', detail: current.why };
      const broken = current.set.broken.map(({ name, problem }) => `${name}: ${problem}`).join('; ');
      if (broken !== '') return { part: 'policies', state: 'trouble', detail: `cannot be used: ${broken}` };
      return watchPart('policies', policies.state(), describeSet(current.set));
    },
  };
};

export const openEvents = (
  client: ApiClient,
  replica: string,
  { log, metrics }: Telemetry,
  lifecycle: Lifecycle,
): Events => {
  const events = createEvents({
    client,
    clock: systemClock,
    instance: replica,
    onProblem: ({ message }) => log.debug('an Event could not be written', { problem: message }),
  });
  let seen = { created: 0, dropped: 0, failed: 0 };
  metrics.onScrape(() => {
    const { created, dropped, failed } = events.counts();
    metrics.count('events', { outcome: 'created' }, created - seen.created);
    metrics.count('events', { outcome: 'dropped' }, dropped - seen.dropped);
    metrics.count('events', { outcome: 'failed' }, failed - seen.failed);
    seen = { created, dropped, failed };
  });
  lifecycle.add(() => events.close());
  return events;
};

/**
 * Whether this replica may write for all replicas. Inside of a cluster the Lease decides. A gate outside of the
 * cluster has no namespace for a Lease, and every replica would write the same.
 */
export const openLeadership = (
  client: ApiClient,
  { namespace, replica }: { readonly namespace: string | undefined; readonly replica: string },
  { log, metrics }: Telemetry,
  onHolder: () => void,
): { readonly isHolder: () => boolean; readonly start: (lifecycle: Lifecycle) => void } => {
  if (namespace === undefined) {
    metrics.set('leader', 1);
    return { isHolder: () => true, start: () => undefined };
  }
  const lease = createLease({
    client,
    clock: systemClock,
    namespace,
    name: objectNames.lease,
    identity: `${replica}-${randomUUID()}`,
    onChange: (holder) => {
      metrics.set('leader', holder ? 1 : 0);
      log.info(holder ? 'this replica holds the Lease' : 'this replica does not hold the Lease');
      if (holder) onHolder();
    },
    onProblem: ({ message }) => log.warn('the Lease could not be renewed', { problem: message }),
  });
  return {
    isHolder: () => lease.isHolder(),
    start: (lifecycle) => {
      lease.start();
      lifecycle.add(() => lease.close());
    },
  };
};
