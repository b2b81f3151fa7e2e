import type { Operation } from '../../core/decision/decision.ts';
import type { GatedKind } from '../webhook-rules.ts';
import { isAnyKind, isGroupOf, operationsOf, rowsOf, type KindDemand } from './demand.ts';
import { gatedKinds, servedBy, unknownGroupsOf, type ServedIndex } from './door-rules.ts';

type NamedWorkload = GatedKind & { readonly kind: string };

export interface Coverage {
  /** Some of what the constraint speaks of is asked about. */
  readonly isAsked: boolean;
  /** Kinds that it names and that nobody asks about, each once. */
  readonly unasked: readonly string[];
  /** Its template names operations alone that nobody asks about. */
  readonly hasNoOperation: boolean;
}

interface CoverageOptions {
  readonly workloads: readonly NamedWorkload[];
  readonly served: ServedIndex;
  /** Whether any door but that of workloads is in force. */
  readonly hasDoors: boolean;
  readonly operations: readonly Operation[];
}

/** The word for kinds that no constraint names. */
export const otherKinds = 'kinds without a pod spec';

/** What of a demand the API server asks the gate about, by whichever door. Pure. */
export const coverageOf = (demand: KindDemand, options: CoverageOptions): Coverage => {
  const { served, hasDoors } = options;
  const workloads = gatedKinds(options.workloads, served);
  if (operationsOf(demand, options.operations).length === 0)
    return { isAsked: false, unasked: [], hasNoOperation: true };
  const unasked = new Set<string>();
  let isAsked = false;
  for (const row of rowsOf(demand)) {
    if (isAnyKind(row)) {
      if (hasDoors || workloads.some(({ group }) => isGroupOf(row, group))) isAsked = true;
      if (!hasDoors) unasked.add(otherKinds);
      continue;
    }
    for (const kind of row.kinds) {
      const isWorkload = workloads.some((one) => one.kind === kind && isGroupOf(row, one.group));
      const one = { ...row, kinds: [kind] };
      const mayBeServed = servedBy(one, served).length > 0 || unknownGroupsOf(one, served).length > 0;
      if (isWorkload || (hasDoors && mayBeServed)) isAsked = true;
      else unasked.add(kind);
    }
  }
  return { isAsked, unasked: [...unasked], hasNoOperation: false };
};
