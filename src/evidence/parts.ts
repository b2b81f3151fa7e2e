import type { Clock } from '../concurrency/clock.ts';
import type { AccessBook } from './cache/access-grants.ts';
import type { SharedReads } from './singleflight/singleflight.ts';
import type { EvidenceLimits } from './limits.ts';
import type { ContentStore, Registry } from './ports.ts';

/** What every part of the evidence room works with. */
export interface EvidenceParts {
  readonly registry: Registry;
  readonly content: ContentStore;
  readonly access: AccessBook;
  readonly sharedReads: SharedReads;
  readonly clock: Clock;
  readonly limits: EvidenceLimits;
  /** Whether the operator has named a host. */
  readonly hasRow: (host: string) => boolean;
}
