import type { Clock } from '../../../concurrency/clock.ts';
import { objectOf, textOf, type JsonObject } from '../../../core/text/json/json.ts';
import { tellThrown, type ApiProblem } from '../client/problem.ts';
import type { ApiClient } from '../client/client.ts';
import { leasesResource } from '../client/resource.ts';
import { sleep } from '../../../concurrency/abort.ts';

/** All in milliseconds. `hold` < `duration`: the holder stops before anybody else may begin. */
interface LeaseTiming {
  /** How long others leave a silent holder alone, counted from when they last saw it renew. */
  readonly duration: number;
  /** How long a holder acts after the start of its last successful renewal. */
  readonly hold: number;
  readonly retry: number;
}
export const leaseTiming: LeaseTiming = { duration: 15_000, hold: 10_000, retry: 2000 };

interface LeaseOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly namespace: string;
  readonly name: string;
  /** Unique for each process, for ever: a restarted replica is another candidate. */
  readonly identity: string;
  readonly timing?: LeaseTiming;
  readonly onChange?: (holder: boolean) => void;
  readonly onProblem?: (problem: ApiProblem) => void;
}

/** Leader election on a Lease: at most one holder at any time, whatever the wall clocks say. */
export interface Lease {
  start(): void;
  /** Whether we may act as the only one, now. Ask before every act; it needs no I/O. */
  isHolder(): boolean;
  /** One attempt to acquire or renew; `start` repeats it. */
  attempt(signal: AbortSignal): Promise<void>;
  /** Stops and gives the Lease back, so that another replica takes over at once. */
  close(): Promise<void>;
}

/**
 * The last seen state of the Lease. The silence of its holder is measured with the own monotonic clock, as in
 * client-go.
 */
interface Observed {
  readonly record: string;
  readonly since: number;
}

/** Runs for one Lease until it is closed. */
export const createLease = (options: LeaseOptions): Lease => {
  const timing = options.timing ?? leaseTiming;
  const closing = new AbortController();
  const election = createElection(options, timing);
  const tell = tellThrown('the handling of the Lease', options.onProblem);
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(timing.hold / 2)]);
      await election.attempt(signal).catch(tell).then(election.report).catch(tell);
      await sleep(timing.retry * (0.8 + 0.4 * Math.random()), closing.signal, false);
    }
  };
  return {
    start: () => {
      running ??= run();
    },
    isHolder: election.isHolder,
    attempt: election.attempt,
    close: async () => {
      closing.abort();
      await running;
      // From here on we act no more: only then may another one begin.
      if (election.resign()) await release(options);
    },
  };
};

/**
 * Safety: a holder acts until `hold` after the start of its last renewal. Another candidate takes over at the
 * earliest `duration` after it saw that renewal, which is later than its start. Only the rates of the monotonic
 * clocks matter, and `duration` leaves them a third.
 */
const createElection = (options: LeaseOptions, timing: LeaseTiming) => {
  const { client, clock } = options;
  const target = { resource: leasesResource, namespace: options.namespace, name: options.name };
  let renewed: number | undefined;
  let observed: Observed | undefined;
  let reported = false;

  const isHolder = (): boolean => renewed !== undefined && clock.monotonic() - renewed < timing.hold;
  const report = (): void => {
    if (reported === isHolder()) return;
    reported = !reported;
    options.onChange?.(reported);
  };
  const write = async (lease: JsonObject | undefined, signal: AbortSignal): Promise<void> => {
    const started = clock.monotonic();
    const { name, ...collection } = target;
    const aim =
      lease === undefined
        ? ({ ...collection, verb: 'create' } as const)
        : ({ ...collection, name, verb: 'update' } as const);
    const answer = await client.request({ ...aim, body: claim(options, lease, timing.duration) }, signal);
    if (answer.ok) renewed = started;
    // 409: another replica was faster, as a Lease is meant to work.
    else if (answer.error.status === 409) renewed = undefined;
    else options.onProblem?.(answer.error);
  };
  const attempt = async (signal: AbortSignal): Promise<void> => {
    const found = await client.request({ ...target, verb: 'get' }, signal);
    if (!found.ok) {
      if (found.error.status === 404) await write(undefined, signal);
      else options.onProblem?.(found.error);
      return report();
    }
    const record = recordOf(found.value);
    if (observed?.record !== record.text) observed = { record: record.text, since: clock.monotonic() };
    const silent = clock.monotonic() - observed.since;
    const free = record.holder === '' || silent >= Math.max(record.duration, timing.duration);
    if (record.holder === options.identity || free) await write(found.value, signal);
    else renewed = undefined;
    report();
  };
  /** True when this replica held the Lease until now. */
  const resign = (): boolean => {
    const held = isHolder();
    renewed = undefined;
    report();
    return held;
  };
  return { isHolder, report, attempt, resign };
};

/** The Lease with us as its holder. Unknown fields and metadata stay; the version guards against a race. */
const claim = (options: LeaseOptions, lease: JsonObject | undefined, duration: number): JsonObject => {
  const spec = objectOf(lease?.['spec']);
  const ours = spec['holderIdentity'] === options.identity;
  const now = microTime(options.clock.now());
  const transitions = typeof spec['leaseTransitions'] === 'number' ? spec['leaseTransitions'] : 0;
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: lease?.['metadata'] ?? { name: options.name, namespace: options.namespace },
    spec: {
      ...spec,
      holderIdentity: options.identity,
      leaseDurationSeconds: Math.max(1, Math.ceil(duration / 1000)),
      acquireTime: ours ? spec['acquireTime'] : now,
      renewTime: now,
      leaseTransitions: ours || lease === undefined ? transitions : transitions + 1,
    },
  };
};

const release = async (options: LeaseOptions): Promise<void> => {
  const signal = AbortSignal.timeout(2000);
  const target = { resource: leasesResource, namespace: options.namespace, name: options.name };
  const found = await options.client.request({ ...target, verb: 'get' }, signal);
  if (!found.ok || recordOf(found.value).holder !== options.identity) return;
  const spec = objectOf(found.value['spec']);
  const freed = { ...spec, holderIdentity: '', leaseDurationSeconds: 1 };
  await options.client.request({ ...target, verb: 'update', body: { ...found.value, spec: freed } }, signal);
};

const recordOf = (lease: JsonObject) => {
  const { holderIdentity, leaseDurationSeconds, renewTime } = objectOf(lease['spec']);
  return {
    holder: textOf(holderIdentity),
    duration: typeof leaseDurationSeconds === 'number' ? leaseDurationSeconds * 1000 : 0,
    text: JSON.stringify([holderIdentity, leaseDurationSeconds, renewTime]),
  };
};

/** RFC 3339 with six decimals: what the API calls a MicroTime. */
const microTime = (time: number): string => new Date(time).toISOString().replace('Z', '000Z');
