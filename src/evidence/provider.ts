import type { Clock } from '../concurrency/clock.ts';
import type { EvidenceKind, FactOf, KindId, Need } from '../core/facts/evidence-kind.ts';
import type { Fact } from '../core/facts/fact.ts';
import type { EvidenceLimits } from './limits.ts';
import type { EventLoopYield } from '../concurrency/yield.ts';
import type { CandidateLists } from './candidate/candidate-list.ts';
import type { CredentialOffers } from './credential/credential-offers.ts';
import type { ContentStore, Registry, Repository } from './ports.ts';
import type { Reading } from './resolve/read-budget.ts';
import type { ResolvedImage } from './resolve/attempts.ts';
import type { SharedReads } from './single-flight/shared-reads.ts';

/** The result of a provider for one image. */
export interface Gathered<T> {
  readonly fact: Fact<T>;
  /**
   * Milliseconds for which the answer may be cached for the same caller, while its access grant lasts. 0: each review
   * gathers anew.
   */
  readonly keepFor: number;
  /** Size of the fact in memory. */
  readonly bytes: number;
  /** Notes about it in the record, for people; safe to show. */
  readonly claims?: readonly string[];
}

/** The credentials that the caller has for another repository than that of the image (S12). */
export type OffersFor = (repository: Repository) => CredentialOffers;

/** One kind of evidence: which need it answers, how it gathers, and how long its answer may be cached. */
export interface EvidenceProvider<Id extends KindId = KindId> {
  readonly kind: EvidenceKind<Id>;
  /**
   * Looks at a resolved image, within the signal and the budget of `reading`. What could not be looked at is
   * `unavailable`; a rejected promise is a defect of the gate. While `resolved.outage` is set, the provider must not ask
   * the registry.
   */
  gather(
    resolved: ResolvedImage,
    need: Need<Id>,
    reading: Reading,
    offersFor: OffersFor,
  ): Promise<Gathered<FactOf<Id>>>;
  /**
   * Whether a fact that was kept would be gathered in the same way now, without any I/O. Absent: it depends on nothing that
   * the operator can change meanwhile.
   */
  isCurrent?(fact: FactOf<Id>): boolean;
}

/** What every provider gets. A provider that needs more takes it as a parameter of its constructor. */
export interface ProviderParts {
  readonly registry: Registry;
  readonly content: ContentStore;
  readonly sharedReads: SharedReads;
  readonly candidateLists: CandidateLists;
  readonly eventLoop: EventLoopYield;
  readonly clock: Clock;
  readonly limits: EvidenceLimits;
}
export type CreateProvider = (parts: ProviderParts) => EvidenceProvider;
