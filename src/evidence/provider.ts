import type { Clock } from '../concurrency/clock.ts';
import type { EvidenceKind, FactOf, KindId, NeedOf } from '../core/facts/evidence-kind.ts';
import type { Fact } from '../core/facts/fact.ts';
import type { EvidenceLimits } from './limits.ts';
import type { EventLoopYield } from '../concurrency/event-loop-yield.ts';
import type { ContentStore, Registry } from './ports.ts';
import type { Reading } from './resolve/read-budget.ts';
import type { ResolvedImage } from './resolve/attempts.ts';
import type { SharedReads } from './single-flight/shared-reads.ts';

/** What a provider found out about one image. */
interface Gathered<Id extends KindId = KindId> {
  readonly fact: Fact<FactOf<Id>>;
  /**
   * Milliseconds for which the same caller may get the same answer without asking again, as long as its credential is good
   * for it; 0: each review asks anew.
   */
  readonly keepFor: number;
  /** What the fact takes in memory. */
  readonly bytes: number;
  /** What the record says of it, for people; safe to show. */
  readonly claims?: readonly string[];
}

/** One kind of evidence: the need that it answers, how it gathers, when its answer may be kept. */
export interface EvidenceProvider<Id extends KindId = KindId> {
  readonly kind: EvidenceKind<Id>;
  /**
   * Looks at a resolved image, within the signal and the budget of `reading`. A rejection is a defect of the gate; what
   * could not be looked at is `unavailable`. While `resolved.outage` is set, nothing is asked of the registry.
   */
  gather(resolved: ResolvedImage, need: NeedOf<Id>, reading: Reading): Promise<Gathered<Id>>;
}

/** What every provider may work with; what else one needs, it gets where it is made. */
export interface ProviderParts {
  readonly registry: Registry;
  readonly content: ContentStore;
  readonly sharedReads: SharedReads;
  readonly eventLoop: EventLoopYield;
  readonly clock: Clock;
  readonly limits: EvidenceLimits;
}
export type CreateProvider = (parts: ProviderParts) => EvidenceProvider;
