import type { ImageEvidence, ImageNeeds } from '../core/facts/image-evidence.ts';
import type { ImageReference } from '../core/image/reference.ts';
import type { PullContext } from './ports.ts';

/** One image text of a review and what its checks need to know. */
export interface EvidenceRequest {
  readonly image: ImageReference;
  readonly needs: ImageNeeds;
}

/** Obtains evidence: each tag resolved once, each digest read once, under one deadline. */
export interface Evidence {
  /** @returns one answer a request, in the same order; never rejects. What was not there in time is `unavailable`. */
  gather(
    requests: readonly EvidenceRequest[],
    context: PullContext | undefined,
    signal: AbortSignal,
  ): Promise<readonly ImageEvidence[]>;
}
