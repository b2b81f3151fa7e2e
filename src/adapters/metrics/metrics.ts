import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import type { Decision } from '../../core/decision/decision.ts';
import { createAdvisoryGauges, type AdvisoryFeedSample } from './advisory-gauges.ts';
import { createConstraintMetrics, type ConstraintMetrics } from './constraint-metrics.ts';

/** Upper bounds in seconds: a warm review takes well under a millisecond, the API server waits 10 s. */
const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Upper bounds in seconds for one image: a small one is on the disk of a registry nearby, a large one takes minutes. */
const scanBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** Kinds that get a label of their own: clients must not be able to choose label values. */
const labelledKinds = new Set(
  'Pod PodTemplate ReplicationController Deployment ReplicaSet StatefulSet DaemonSet Job CronJob ImagePolicy TrustRoot Namespace ImageReview'.split(
    ' ',
  ),
);

const counters = {
  findings: [
    'imagegate_findings_total',
    'Findings by policy, reason code and mode.',
    ['policy', 'code', 'mode'],
  ],
  skipped: [
    'imagegate_admission_skipped_total',
    'Requests let through without judging every image, by code.',
    ['code'],
  ],
  overrides: ['imagegate_unavailable_overrides_total', 'Findings weakened by onUnavailable: Warn.', []],
  bugs: [
    'imagegate_internal_errors_total',
    'Unexpected errors; each became a deny, but at /constraints, at /mutate, and of constraints in the shadow.',
    [],
  ],
  problems: [
    'imagegate_webhook_problems_total',
    'Trouble with callers and connections of the webhook, by kind.',
    ['kind'],
  ],
  registryRequests: [
    'imagegate_registry_requests_total',
    'Requests to registries and token servers, by registry and HTTP status or kind of failure.',
    ['registry', 'code'],
  ],
  mutations: ['imagegate_mutations_total', 'Answers of /mutate, by outcome.', ['outcome']],
  warmDropped: [
    'imagegate_warm_dropped_total',
    'Images that were to be looked at in advance and found no room.',
    [],
  ],
  advisoryUpdates: ['imagegate_advisory_updates_total', 'Files of feeds asked for.', ['feed', 'outcome']],
  advisoryReads: [
    'imagegate_advisory_reads_total',
    'Files of feeds that were read, by how: whole, changes, or whole because changes could not be followed.',
    ['feed', 'read'],
  ],
  scans: ['imagegate_scans_total', 'Images whose layers were looked into, by outcome.', ['outcome']],
  gaps: ['imagegate_gaps_total', 'Things in these images that nobody could look at, by kind.', ['kind']],
  recordWritten: ['imagegate_record_written_total', 'Decisions written to the store.', []],
  recordDropped: ['imagegate_record_dropped_total', 'Decisions that could not be written to the store.', []],
  inventoryWritten: [
    'imagegate_inventory_written_total',
    'Package lists and uses of images written down.',
    [],
  ],
  inventoryDropped: [
    'imagegate_inventory_dropped_total',
    'Package lists and uses of images that could not be written down.',
    [],
  ],
  logDropped: ['imagegate_log_dropped_bytes_total', 'Bytes of log that nobody read.', []],
  reloads: ['imagegate_policy_reloads_total', 'Reloads of the policies, by outcome.', ['outcome']],
  candidates: [
    'imagegate_signature_candidates_total',
    'Signatures and attestations that were read and verified, by form and outcome.',
    ['form', 'outcome'],
  ],
  verifyTimeouts: [
    'imagegate_verify_timeouts_total',
    'Candidates that were not verified within their time.',
    [],
  ],
  constraintTurns: [
    'imagegate_constraint_thread_turns_total',
    'Turns of threads with evaluations of constraints that take long, by outcome.',
    ['outcome'],
  ],
  doorWrites: [
    'imagegate_constraint_door_writes_total',
    'Writings of the webhook configurations of constraints, by outcome.',
    ['outcome'],
  ],
  events: ['imagegate_events_total', 'Kubernetes Events, by outcome.', ['outcome']],
} as const;

const gauges = {
  policies: ['imagegate_policies', 'Policies in force.'],
  brokenPolicies: ['imagegate_policies_broken', 'Policies that cannot be used; each denies what it covers.'],
  ready: ['imagegate_ready', '1 when /readyz answers 200.'],
  webhookIntact: [
    'imagegate_webhook_intact',
    '1 when the webhook configuration is as the gate expects it, 0 when it is missing or altered.',
  ],
  certificateExpiry: [
    'imagegate_webhook_cert_expiry_timestamp_seconds',
    'When the serving certificate expires.',
  ],
  bodiesInFlight: [
    'imagegate_webhook_body_bytes_in_flight',
    'Memory held by the bodies of all requests that are being read or judged.',
  ],
  connections: ['imagegate_webhook_connections', 'Open connections to the webhook.'],
  warmWaiting: ['imagegate_warm_waiting', 'Images that wait to be looked at in advance.'],
  scansWaiting: ['imagegate_scans_waiting', 'Images that wait to be looked into.'],
  recordFailing: ['imagegate_record_failing', '1 while decisions cannot be written to the store.'],
  recordQueued: ['imagegate_record_queued', 'Decisions that wait to be written.'],
  inventoryFailing: ['imagegate_inventory_failing', '1 while package lists cannot be kept.'],
  inventoryQueued: [
    'imagegate_inventory_queued',
    'Package lists and uses of images that wait to be written.',
  ],
  verifyBusy: ['imagegate_verify_workers_busy', 'Threads that verify a candidate now.'],
  constraintThreadsBusy: ['imagegate_constraint_threads_busy', 'Threads that evaluate constraints now.'],
  watchStale: [
    'imagegate_watch_stale_seconds',
    'How long the oldest watch of the cluster has been out of touch.',
  ],
  leader: ['imagegate_leader', '1 when this replica holds the Lease.'],
  constraintsForeignWriter: [
    'imagegate_constraints_foreign_writer',
    '1 while somebody else writes the statuses of templates and constraints.',
  ],
} as const;

/** Set only in a cluster. Elsewhere they have a description and no value, because 0 would be a false alarm. */
const absentUntilSet: ReadonlySet<string> = new Set<GaugeName>([
  'webhookIntact',
  'watchStale',
  'leader',
  'constraintsForeignWriter',
]);

type CounterName = keyof typeof counters;
type GaugeName = keyof typeof gauges;

export interface Metrics {
  /** Counts one decision; called once for each answer. */
  decided(decision: Decision): void;
  count(name: CounterName, labels?: Readonly<Record<string, string>>, by?: number): void;
  set(name: GaugeName, value: number): void;
  /**
   * Counts one request to a registry. `registry` is one of a few names: tenants, who name images, must not choose
   * label values.
   */
  registryAsked(registry: string, code: string, seconds: number): void;
  /** Tells how long it took to look into the layers of an image. */
  scanTook(seconds: number): void;
  /** Tells how long a step of the search for signatures and attestations took. */
  signatureStage(stage: string, seconds: number): void;
  /** Tells the age of each trust root in force, in seconds; a root that is not among them has none any more. */
  trustRootAges(ages: ReadonlyMap<string, number>): void;
  /** Tells of each feed of advisories in force; one that is not among them has no value any more. */
  advisoryFeeds(feeds: ReadonlyMap<string, AdvisoryFeedSample>): void;
  readonly constraints: ConstraintMetrics;
  /** Called before each scrape, for gauges that are read on demand. */
  onScrape(read: () => void): void;
  render(): Promise<{ readonly text: string; readonly contentType: string }>;
}

/**
 * Counts by label values and gives the sums to prom-client at a scrape: prom-client sorts and joins the labels at
 * every single count, which costs more than the checks of a review.
 */
const createTally = (counter: Counter, labelNames: readonly string[]) => {
  const counts = new Map<string, number>();
  return {
    add: (key: string): void => void counts.set(key, (counts.get(key) ?? 0) + 1),
    /** Label values as one key; no value holds a line break. */
    flush: (): void => {
      for (const [key, count] of counts) {
        const values = key.split('\n');
        counter.inc(Object.fromEntries(labelNames.map((name, at) => [name, values[at] ?? ''])), count);
      }
      counts.clear();
    },
  };
};

/** Hands durations over many at a time: prom-client looks up bounds and labels for each, which is dear between two reviews. */
const createSamples = (histogram: Histogram) => {
  const values = new Float64Array(256);
  let count = 0;
  const flush = (): void => {
    for (const value of values.subarray(0, count)) histogram.observe(value);
    count = 0;
  };
  return {
    add: (value: number): void => {
      values[count++] = value;
      if (count === values.length) flush();
    },
    flush,
  };
};

const createInstruments = (registry: Registry) => {
  const registers = [registry];
  const made = Object.entries(counters).map(([key, [name, help, labelNames]]) => [
    key,
    new Counter({ name, help, labelNames: [...labelNames], registers }),
  ]);
  const madeGauges = Object.entries(gauges).map(([key, [name, help]]) => {
    const gauge = new Gauge({ name, help, registers });
    if (absentUntilSet.has(key)) gauge.remove();
    return [key, gauge];
  });
  return {
    counter: Object.fromEntries(made) as Record<CounterName, Counter>,
    gauge: Object.fromEntries(madeGauges) as Record<GaugeName, Gauge>,
    requests: new Counter({
      name: 'imagegate_admission_requests_total',
      help: 'Answers by operation, kind, decision and strictest mode among the findings.',
      labelNames: ['operation', 'resource', 'decision', 'mode'],
      registers,
    }),
    duration: new Histogram({
      name: 'imagegate_admission_duration_seconds',
      help: 'Time from the decoded request to the decision.',
      buckets,
      registers,
    }),
    evidence: new Histogram({
      name: 'imagegate_evidence_duration_seconds',
      help: 'Time that a review spent on looking at its images, when a policy asked for it.',
      buckets,
      registers,
    }),
    signatureDuration: new Histogram({
      name: 'imagegate_signature_duration_seconds',
      help: 'Time of a step of the search for signatures and attestations: list, read, verify.',
      labelNames: ['stage'],
      buckets,
      registers,
    }),
    scanDuration: new Histogram({
      name: 'imagegate_scan_seconds',
      help: 'Time to look into the layers of an image, since its turn came.',
      buckets: scanBuckets,
      registers,
    }),
    trustRootAge: new Gauge({
      name: 'imagegate_trust_root_age_seconds',
      help: 'How long ago the content of a trust root was written.',
      labelNames: ['root'],
      registers,
    }),
    registryDuration: new Histogram({
      name: 'imagegate_registry_request_duration_seconds',
      help: 'Time of one request to a registry or token server, the waiting for its turn included.',
      labelNames: ['registry'],
      buckets,
      registers,
    }),
  };
};

const strictestMode = (decision: Decision): string => {
  const modes = new Set(decision.findings.map((finding) => finding.mode));
  return (['Deny', 'Warn', 'Audit'] as const).find((mode) => modes.has(mode)) ?? 'none';
};

/** Prometheus metrics, prefix `imagegate_`: low cardinality, no Pod name, image or user in any label. */
export const createMetrics = (version: string): Metrics => {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'imagegate_build_info',
    help: 'Version of the gate.',
    labelNames: ['version', 'node'],
    registers: [registry],
  })
    .labels(version, process.versions.node)
    .set(1);
  const instruments = createInstruments(registry);
  const { counter, gauge, requests, duration, evidence, registryDuration } = instruments;
  const { signatureDuration, scanDuration, trustRootAge } = instruments;
  const requestTally = createTally(requests, ['operation', 'resource', 'decision', 'mode']);
  const findingTally = createTally(counter.findings, ['policy', 'code', 'mode']);
  const skipTally = createTally(counter.skipped, ['code']);
  const totals = createSamples(duration);
  const constraints = createConstraintMetrics(registry, buckets);
  const reads: (() => void)[] = [];
  return {
    decided: (decision) => {
      const { findings, skipped, operation, object, durations } = decision;
      const verdict = decision.allowed ? 'allowed' : 'denied';
      const kind = labelledKinds.has(object.kind) ? object.kind : 'other';
      const mode = findings.length === 0 ? 'none' : strictestMode(decision);
      requestTally.add(`${operation ?? ''}\n${kind}\n${verdict}\n${mode}`);
      totals.add((durations['total'] ?? 0) / 1000);
      if (durations['evidence'] !== undefined) evidence.observe(durations['evidence'] / 1000);
      if (durations['constraints'] !== undefined) constraints.took(durations['constraints'] / 1000);
      for (const finding of findings) findingTally.add(`${finding.policy}\n${finding.code}\n${finding.mode}`);
      if (skipped !== undefined) skipTally.add(skipped.code);
    },
    count: (name, labels = {}, by = 1) => counter[name].inc(labels, by),
    set: (name, value) => gauge[name].set(value),
    registryAsked: (name, code, seconds) => {
      counter.registryRequests.inc({ registry: name, code });
      registryDuration.observe({ registry: name }, seconds);
    },
    scanTook: (seconds) => scanDuration.observe(seconds),
    signatureStage: (stage, seconds) => signatureDuration.observe({ stage }, seconds),
    trustRootAges: (ages) => {
      trustRootAge.reset();
      for (const [root, age] of ages) trustRootAge.set({ root }, age);
    },
    advisoryFeeds: createAdvisoryGauges(registry),
    constraints,
    onScrape: (read) => void reads.push(read),
    render: async () => {
      for (const read of reads) read();
      for (const held of [requestTally, findingTally, skipTally, totals]) held.flush();
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
  };
};
