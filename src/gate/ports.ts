import type { Fact } from '../core/facts/fact.ts';
import type { Labels } from '../core/policy/match/label-selector.ts';
import type { PolicySet } from '../core/policy-set/policy-set.ts';

/**
 * Where policies come from. `loading` until the first complete load (the gate is not ready and denies, R8);
 * afterwards always `loaded`, with the last good set while a newer one is broken or the source is away.
 */
export interface PolicySource {
  current(): PolicyState;
}
export type PolicyState =
  { readonly state: 'loading'; readonly why: string } | { readonly state: 'loaded'; readonly set: PolicySet };

/**
 * Namespace labels (R3). Answers at once when the namespace is known; otherwise looks it up within `signal`.
 * `absent`: there is no such namespace. `unavailable`: it could not be looked up (no cluster, no answer in time).
 */
export interface NamespaceReader {
  labels(name: string, signal: () => AbortSignal): Fact<Labels> | Promise<Fact<Labels>>;
}

/** Makes decision ids: the replica's name, then text that grows with time (R18). */
export interface DecisionIds {
  next(): string;
}
