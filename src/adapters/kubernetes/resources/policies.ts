import type { Clock } from '../../../concurrency/clock.ts';
import { isJsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import type { PolicySet } from '../../../core/policy-set/policy-set.ts';
import { policyKind } from '../../../core/policy/schema/schema.ts';
import type { PolicySource, PolicyState } from '../../../gate/ports.ts';
import type { ApiClient } from '../client/client.ts';
import { imagePoliciesResource } from '../client/resource.ts';
import { whyNotListed } from './not-listed.ts';
import {
  createRevisionStore,
  readClusterObject,
  type ClusterObject,
  type RevisionedKind,
  type UnusableObject,
  type ObjectVerdict,
} from './revision-store.ts';
import { createBatch } from '../watch/batch.ts';
import { createWatch } from '../watch/watch.ts';
import type { WatchState, WatchTiming } from '../watch/options.ts';

/** A policy of which no revision can be used. `match` is `spec.match` as the cluster holds it, if anything. */
interface UnusablePolicy extends Pick<UnusableObject, 'name' | 'problems'> {
  readonly match: JsonValue | undefined;
}

const unusablePolicy = ({ name, problems, spec }: UnusableObject): UnusablePolicy => ({
  name,
  problems,
  match: isJsonObject(spec) ? spec['match'] : undefined,
});

interface ClusterPoliciesOptions<P> {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly read: RevisionedKind<P>['read'];
  /** Builds the set in force. `broken` are policies without a known good revision (R8). */
  readonly build: (accepted: readonly P[], broken: readonly UnusablePolicy[], version: string) => PolicySet;
  readonly timing?: Partial<WatchTiming>;
  readonly batching?: { readonly quiet: number; readonly atMost: number };
  /** A set came into force, the first one included. */
  readonly onSet?: (set: PolicySet) => void;
  /** Called when verdicts or the conditions in the cluster changed, so that the status may need a write. */
  readonly onVerdicts?: () => void;
  /** Called when a set could not be built, which is a defect. The last set stays in force. */
  readonly onError?: (error: unknown) => void;
}

export interface ClusterPolicies extends PolicySource {
  start(): void;
  state(): WatchState;
  verdicts(): readonly ObjectVerdict[];
  close(): Promise<void>;
}

/** The ImagePolicies of the cluster as a source of policies. */
export const createClusterPolicies = <P>(options: ClusterPoliciesOptions<P>): ClusterPolicies => {
  const store = createRevisionStore({
    kind: policyKind,
    read: options.read,
    accepted: 'the policy is in force',
    unusable: 'Until it is corrected, everything that it matches is denied.',
  });
  let set: PolicySet | undefined;
  const build = (): void => {
    try {
      set = options.build(store.accepted(), store.broken().map(unusablePolicy), store.version());
    } catch (error) {
      options.onError?.(error);
      return;
    }
    options.onSet?.(set);
    options.onVerdicts?.();
  };
  const batch = createBatch(build, options);
  const watch = createWatch<ClusterObject>({
    ...options,
    target: { resource: imagePoliciesResource },
    read: readClusterObject,
    sink: {
      replace: (all) => {
        const changed = store.replace(all);
        if (set === undefined) build();
        else if (changed) batch.later();
        else options.onVerdicts?.();
      },
      upsert: (one) => {
        if (store.put(one)) batch.later();
        else options.onVerdicts?.();
      },
      delete: ({ name }) => {
        if (store.delete(name)) batch.later();
      },
    },
  });
  return {
    current: (): PolicyState =>
      set === undefined
        ? {
            state: 'loading',
            why: whyNotListed({ what: 'policies', kind: policyKind }, watch.state(), options.client),
          }
        : { state: 'loaded', set },
    start: () => watch.start(),
    state: () => watch.state(),
    verdicts: () => store.verdicts(),
    close: async () => {
      batch.cancel();
      await watch.close();
    },
  };
};
