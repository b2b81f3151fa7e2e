import type { Clock } from '../../../concurrency/clock.ts';
import { absent, known, unavailable, type Fact } from '../../../core/facts/fact.ts';
import { describePolicyProblem } from '../../../core/policy/load/problem-path.ts';
import { ok, type Result } from '../../../core/result.ts';
import { beginningOf } from '../../../core/text/cut-middle.ts';
import { trustRootKind } from '../../../core/trust-root/schema.ts';
import { readClusterTrustRoot } from '../../../evidence/trust/cluster-object.ts';
import type { TrustRoots, TrustRootSnapshot } from '../../../evidence/trust/trust-root.ts';
import type { ApiClient } from '../client/client.ts';
import type { ApiProblem } from '../client/problem.ts';
import { trustRootsResource } from '../client/resource.ts';
import type { WatchSink, WatchState, WatchTiming } from '../watch/options.ts';
import { listAll } from '../watch/list.ts';
import { createWatch } from '../watch/watch.ts';
import { whyNotListed } from './not-listed.ts';
import {
  createRevisionStore,
  readClusterObject,
  type ClusterObject,
  type RevisionStore,
  type UnusableObject,
  type ObjectVerdict,
} from './revision-store.ts';

interface ClusterTrustRootsOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  /** In force until an object of the same name is there. */
  readonly shipped: readonly TrustRootSnapshot[];
  readonly timing?: Partial<WatchTiming>;
  /** Called when roots, verdicts or the conditions in the cluster changed, so that the status may need a write. */
  readonly onVerdicts?: () => void;
}

export interface ClusterTrustRoots extends TrustRoots {
  start(): void;
  state(): WatchState;
  /** Why they cannot be looked up: they were never listed. Until then none is in force, not even a shipped one. */
  whyMissing(): string | undefined;
  /** The roots in force, those that are shipped included. */
  snapshots(): readonly TrustRootSnapshot[];
  broken(): readonly string[];
  verdicts(): readonly ObjectVerdict[];
  close(): Promise<void>;
}

const maxWhyLength = 400;

type Store = RevisionStore<TrustRootSnapshot>;

const sinkOf = (store: Store, onChange: () => void): WatchSink<ClusterObject> => ({
  replace: (all) => {
    store.replace(all);
    onChange();
  },
  upsert: (one) => {
    store.put(one);
    onChange();
  },
  delete: ({ name }) => {
    store.delete(name);
    onChange();
  },
});

const inForce = (store: Store, shipped: readonly TrustRootSnapshot[]): readonly TrustRootSnapshot[] => {
  const own = store.accepted();
  // Nobody falls back on a shipped root that an object was to replace: it may trust what was to be trusted no longer.
  const replaced = new Set([...own, ...store.broken()].map(({ name }) => name));
  return [...shipped.filter(({ name }) => !replaced.has(name)), ...own];
};

const problemsOf = ({ problems }: UnusableObject): string => problems.map(describePolicyProblem).join('; ');

const brokenIn = (store: Store): readonly string[] =>
  store.broken().map((one) => `${one.name}: ${problemsOf(one)}`);

/** Why no root of that name is in force. */
const missing = (store: Store, name: string): Fact<never> => {
  const broken = store.broken().find((one) => one.name === name);
  if (broken === undefined) return absent;
  return unavailable(
    `trust root ${name}`,
    `it cannot be used: ${beginningOf(problemsOf(broken), maxWhyLength)}`,
  );
};

const createStore = (): Store =>
  createRevisionStore<TrustRootSnapshot>({
    kind: trustRootKind,
    read: (document, { writtenAt }) => readClusterTrustRoot(document, writtenAt),
    accepted: 'the trust root is in force',
    unusable: 'Until it is corrected, policies that name it cannot look at signatures by it, and refuse.',
  });

/** The TrustRoots of a cluster at one moment. */
export const listTrustRoots = async (
  client: ApiClient,
  signal: AbortSignal,
): Promise<
  Result<Pick<ClusterTrustRoots, 'broken'> & { readonly roots: readonly TrustRootSnapshot[] }, ApiProblem>
> => {
  const listed = await listAll(client, { resource: trustRootsResource }, readClusterObject, signal);
  if (!listed.ok) return listed;
  const store = createStore();
  store.replace(listed.value.items);
  return ok({ roots: store.accepted(), broken: () => brokenIn(store) });
};

/** The TrustRoots of the cluster. A changed one counts from the event on: what it no longer trusts must not wait. */
export const createClusterTrustRoots = (options: ClusterTrustRootsOptions): ClusterTrustRoots => {
  const { client, shipped, onVerdicts = () => undefined } = options;
  const store = createStore();
  let snapshots = inForce(store, shipped);
  const changed = (): void => {
    snapshots = inForce(store, shipped);
    onVerdicts();
  };
  const watch = createWatch<ClusterObject>({
    ...options,
    target: { resource: trustRootsResource },
    read: readClusterObject,
    sink: sinkOf(store, changed),
  });
  const whyMissing = (): string | undefined => {
    const state = watch.state();
    const names = { what: 'trust roots', kind: trustRootKind };
    return state.synced ? undefined : whyNotListed(names, state, client);
  };
  return {
    get: (name) => {
      const why = whyMissing();
      // Without the kind there can be no object, so the shipped ones are not replaced.
      const isReplaceable = watch.state().lastError?.status !== 404;
      if (why !== undefined && (isReplaceable || shipped.every((root) => root.name !== name)))
        return unavailable(`trust root ${name}`, why);
      const found = snapshots.find((snapshot) => snapshot.name === name);
      return found === undefined ? missing(store, name) : known(found);
    },
    start: () => watch.start(),
    state: () => watch.state(),
    whyMissing,
    snapshots: () => snapshots,
    broken: () => brokenIn(store),
    verdicts: () => store.verdicts(),
    close: () => watch.close(),
  };
};
