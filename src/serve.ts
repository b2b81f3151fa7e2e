import { setTimeout } from 'node:timers/promises';
import type { CertificateSource } from './adapters/certificate/source.ts';
import type { Recorder } from './adapters/store/decisions/recorder.ts';
import type { ApiClient } from './adapters/kubernetes/client/client.ts';
import { systemClock } from './concurrency/clock.ts';
import type { Config } from './config/resolved.ts';
import { replicaFromHost } from './config/sources/load.ts';
import { outage } from './core/facts/fact.ts';
import { vulnerabilityKind } from './core/facts/vulnerability/vulnerability-kind.ts';
import type { CompileExpression } from './core/policy/schema/schema.ts';
import { fail, ok, type Result } from './core/result.ts';
import type { JsonObject } from './core/text/json/json.ts';
import type { Decision } from './core/decision/decision.ts';
import type { PullSecrets } from './evidence/ports.ts';
import type { TrustRoots } from './evidence/trust/trust-root.ts';
import type { NamespaceObjects } from './gate/constraints.ts';
import type { NamespaceReader, PolicyState } from './gate/ports.ts';
import type { ConstraintDeps } from './gate/review/judge-constraints.ts';
import { labelledNamespaces } from './gate/review/labelled-namespaces.ts';
import type { DecisionSink } from './gate/publish.ts';
import type { PartState } from './gate/readiness.ts';
import { openAdvisories } from './serve/advisories/open-advisories.ts';
import { openCertificate } from './serve/certificate.ts';
import { openConstraintThreads } from './serve/constraints/constraint-threads.ts';
import { createLifecycle, type Lifecycle } from './serve/lifecycle.ts';
import { openEvidence } from './serve/evidence.ts';
import { createHandlers } from './serve/handlers.ts';
import { listenOn, type Listeners } from './serve/listeners.ts';
import { openPolicyFiles, type Policies } from './serve/policies.ts';
import { openInventory } from './serve/store/inventory.ts';
import { openData, openRecord } from './serve/store/record.ts';
import { createTellSilent, openTelemetry, type Telemetry } from './serve/telemetry.ts';
import type { WorkerPrograms } from './serve/worker-programs.ts';

interface GateOptions {
  readonly config: Config;
  /** Remarks of the configuration, such as unknown variables. */
  readonly remarks: readonly string[];
  /** The file of `--config`: the registries in it may change while the gate runs. */
  readonly configFile?: string | undefined;
  readonly workers: WorkerPrograms;
  readonly compileExpression: CompileExpression;
}

interface RunningGate {
  /** Settles with `ready https://HOST:PORT admin http://HOST:PORT` when `/readyz` says so for the first time. */
  readonly ready: Promise<string>;
  /** Ends readiness first, then finishes answers under way, then writes the record. May be called twice. */
  stop(): Promise<void>;
}

/** The parts that need a cluster. */
interface Outside {
  readonly namespaces: NamespaceReader;
  readonly policies: Policies;
  readonly trustRoots: TrustRoots;
  readonly certificate: CertificateSource;
  /** Absent without a cluster. */
  readonly pullSecrets?: PullSecrets;
  readonly parts: () => readonly PartState[];
  /** Absent: no constraints are asked. */
  readonly constraints?: ConstraintDeps | undefined;
  /** A decision with the object that it is about, for Events. */
  readonly emit?: (decision: Decision, object: JsonObject | null) => void;
}

const noCluster: NamespaceReader = {
  labels: (name) =>
    outage(`labels of namespace ${name}`, 'no cluster is at hand: serve with --kubeconfig or --cluster'),
};

/**
 * Whole Namespaces: a template that looks at more than their labels would take what is not read for what is not there. They
 * are watched as soon as a constraint asks for one.
 */
const openNamespaceObjects = async (client: ApiClient, lifecycle: Lifecycle): Promise<NamespaceObjects> => {
  const { createNamespaceObjects } = await import('./adapters/kubernetes/resources/namespace-objects.ts');
  const objects = createNamespaceObjects({ client, clock: systemClock });
  lifecycle.add(() => objects.close());
  return {
    object: (name, signal) => {
      objects.start();
      return objects.object(name, signal);
    },
  };
};

/** Without `--cluster` policies come from files. A kubeconfig then serves only for namespaces (R3). */
const openFromFiles = async (
  { config, compileExpression }: Pick<GateOptions, 'config' | 'compileExpression'>,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): Promise<Result<Outside, readonly string[]>> => {
  const [policies, certificate] = await Promise.all([
    openPolicyFiles(config, compileExpression, telemetry, lifecycle),
    openCertificate(config, telemetry, lifecycle),
  ]);
  if (!policies.ok) return policies;
  if (!certificate.ok) return certificate;
  const { trustRoots } = policies.value;
  const found = { policies: policies.value, trustRoots, certificate: certificate.value };
  const silent = createTellSilent(telemetry);
  const constraintsWith = (namespaces: NamespaceObjects): ConstraintDeps => ({
    source: policies.value.constraints,
    namespaces,
    isShadow: config.constraints.value === 'shadow',
    onWithoutMessage: silent.tell,
  });
  if (config.kubeconfig.value === undefined)
    return ok({
      ...found,
      namespaces: noCluster,
      constraints: constraintsWith(labelledNamespaces(noCluster)),
      parts: () => [],
    });
  const { createClusterClient, openNamespaces } = await import('./serve/cluster/cluster.ts');
  const { createPullSecrets } = await import('./adapters/kubernetes/resources/pull-secrets.ts');
  const client = await createClusterClient(config, lifecycle);
  if (!client.ok) return client;
  const namespaces = openNamespaces(client.value, telemetry, lifecycle);
  return ok({
    ...found,
    namespaces: namespaces.reader,
    constraints: constraintsWith(await openNamespaceObjects(client.value, lifecycle)),
    pullSecrets: createPullSecrets(client.value),
    parts: () => [namespaces.part()],
  });
};

const sinksOf = (recorder: Recorder, { log, metrics }: Telemetry): readonly DecisionSink[] => [
  (decision, json) => recorder.record(decision, json),
  (decision, json) => log.decision(decision, json),
  (decision) => metrics.decided(decision),
];

/** Whether any policy in force asks what is wrong with packages. */
const asksForPackages = (policies: PolicyState): boolean =>
  policies.state === 'loaded' &&
  policies.set.policies.some(({ evidence }) => evidence.some(({ need }) => need.kind === vulnerabilityKind));

const assemble = async (
  options: GateOptions,
  telemetry: Telemetry,
  lifecycle: Lifecycle,
): Promise<Result<Listeners, readonly string[]>> => {
  const { config, configFile, remarks, workers, compileExpression } = options;
  for (const remark of remarks) telemetry.log.warn(remark);
  const data = openData(config, lifecycle);
  if (!data.ok) return data;
  const record = openRecord(config, workers.store, telemetry, lifecycle);
  const inventory = openInventory(config, workers.inventory, telemetry, lifecycle);
  const replica = config.replica.value ?? replicaFromHost();
  const opened = config.cluster.value
    ? await (
        await import('./serve/cluster/in-cluster.ts')
      ).openFromCluster(config, { replica, compileExpression }, telemetry, lifecycle)
    : await openFromFiles(options, telemetry, lifecycle);
  if (!opened.ok) return opened;
  const problem = (await record.foreign) ?? (await inventory.foreign);
  if (problem !== undefined) return fail([`--data: ${problem}`]);
  const outside = opened.value;
  const { trustRoots, pullSecrets } = outside;
  const isWanted = (): boolean => asksForPackages(outside.policies.source.current());
  const using = { program: workers.advisories, isWanted };
  const served = await openAdvisories(config, using, telemetry, lifecycle);
  if (!served.ok) return served;
  const { advisories, parts: advisoryParts, onFeeds } = served.value;
  const sources = { trustRoots, advisories, packageLists: inventory.lists, pullSecrets };
  const evidence = openEvidence({ config, configFile, workers, ...sources, onFeeds }, telemetry, lifecycle);
  if (!evidence.ok) return evidence;
  const handlers = createHandlers(
    config,
    {
      replica,
      source: outside.policies.source,
      namespaces: outside.namespaces,
      constraints: outside.constraints && {
        ...outside.constraints,
        threads: openConstraintThreads(workers.constraints, telemetry, lifecycle),
      },
      evidence: evidence.value,
      compileExpression,
      sinks: sinksOf(record.recorder, telemetry),
      ...(outside.emit === undefined ? {} : { emit: outside.emit }),
    },
    telemetry,
    lifecycle,
  );
  const states = (): readonly PartState[] => [
    outside.policies.part(),
    ...outside.parts(),
    ...advisoryParts(),
    record.part(),
    ...inventory.parts(),
  ];
  return listenOn(config, { handlers, certificate: outside.certificate, states }, telemetry, lifecycle);
};

/** How often a gate that is not ready checks again, in milliseconds. */
const readyPoll = 25;

const whenReady = async ({ readiness, line }: Listeners, isStopped: () => boolean): Promise<string> => {
  while (!readiness().ready && !isStopped()) await setTimeout(readyPoll);
  return line;
};

/**
 * Wires the gate together and starts it: the only place where adapters, use cases and configuration meet.
 * @returns the running gate, or the sentences that say why it did not start; then nothing is left open
 */
export const startGate = async (options: GateOptions): Promise<Result<RunningGate, readonly string[]>> => {
  const telemetry = openTelemetry(options.config);
  const lifecycle = createLifecycle((error) =>
    telemetry.log.error('a part of the gate did not close', { error }),
  );
  lifecycle.add(() => telemetry.log.flush());
  const started = await assemble(options, telemetry, lifecycle);
  if (!started.ok) {
    await lifecycle.closeAll();
    return started;
  }
  let stopping: Promise<void> | undefined;
  return ok({
    ready: whenReady(started.value, () => stopping !== undefined),
    stop: () => (stopping ??= lifecycle.closeAll()),
  });
};
