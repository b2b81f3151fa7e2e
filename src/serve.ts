import type { Config } from './config/resolve.ts';
import { unavailable } from './core/facts/fact.ts';
import type { Result } from './core/result.ts';
import { ok } from './core/result.ts';
import type { NamespaceReader } from './gate/ports.ts';
import type { DecisionSink } from './gate/publish.ts';
import type { PartState } from './gate/readiness.ts';
import { openCertificate } from './serve/certificate.ts';
import { createClosers } from './serve/closers.ts';
import type { Closers } from './serve/closers.ts';
import { createHandlers } from './serve/handlers.ts';
import { listenOn } from './serve/listeners.ts';
import { openPolicyFiles } from './serve/policies.ts';
import { openData, openRecord, recordPart } from './serve/record.ts';
import { openTelemetry } from './serve/telemetry.ts';
import type { Watchers } from './serve/telemetry.ts';

export interface GateOptions {
  readonly config: Config;
  /** What the configuration remarked: unknown variables and the like. */
  readonly remarks: readonly string[];
  /** Program of the store's thread: `store-worker.js` of the bundle, `sqlite-worker.ts` from source. */
  readonly storeWorker: URL;
}

export interface RunningGate {
  /** `ready https://HOST:PORT admin http://HOST:PORT` */
  readonly readyLine: string;
  /** Readiness first, then every answer under way, then the record. May be called twice. */
  stop(): Promise<void>;
}

const noCluster: NamespaceReader = {
  labels: (name) =>
    unavailable(`labels of namespace ${name}`, 'no cluster is at hand: serve with --kubeconfig or --cluster'),
};

const assemble = async (
  options: GateOptions,
  watchers: Watchers,
  closers: Closers,
): Promise<Result<string, readonly string[]>> => {
  const { config, remarks } = options;
  for (const remark of remarks) watchers.log.warn(remark);
  const data = openData(config, closers);
  if (!data.ok) return data;
  const recorder = openRecord(config, options.storeWorker, watchers, closers);
  const [policies, certificate] = await Promise.all([
    openPolicyFiles(config, watchers, closers),
    openCertificate(config, watchers, closers),
  ]);
  if (!policies.ok) return policies;
  if (!certificate.ok) return certificate;
  const sinks: DecisionSink[] = [
    (decision, json) => recorder.record(decision, json),
    (decision, json) => watchers.log.decision(decision, json),
    (decision) => watchers.metrics.decided(decision),
  ];
  const handlers = createHandlers(
    config,
    { source: policies.value.source, namespaces: noCluster, sinks },
    watchers,
  );
  const states = (): readonly PartState[] => [policies.value.part(), recordPart(recorder)];
  return listenOn(config, { handlers, certificate: certificate.value, states }, watchers, closers);
};

/**
 * Wires the gate together and starts it: the only place where adapters, use cases and configuration meet.
 * @returns the running gate, or the sentences that say why it did not start; nothing is left open then.
 */
export const startGate = async (options: GateOptions): Promise<Result<RunningGate, readonly string[]>> => {
  const watchers = openTelemetry(options.config);
  const closers = createClosers();
  closers.add(() => watchers.log.flush());
  const started = await assemble(options, watchers, closers);
  if (!started.ok) {
    await closers.closeAll();
    return started;
  }
  let stopping: Promise<void> | undefined;
  return ok({
    readyLine: started.value,
    stop: () => (stopping ??= closers.closeAll()),
  });
};
