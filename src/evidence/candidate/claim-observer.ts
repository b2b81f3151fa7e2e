import type { CandidateFault, CandidateForm } from '../../core/facts/claim.ts';

/**
 * What came of a candidate, or of a layer of it. `claim`: it says something that counts, be it asked for or not. `foreign`:
 * it is a thing of another kind. `unavailable`: it could not be read.
 */
export type CandidateOutcome = 'claim' | 'foreign' | 'unavailable' | CandidateFault;
/** What takes the time: lists of candidates, their manifests and layers, and what they prove. */
export type ClaimStage = 'list' | 'read' | 'verify';

/** Who counts what is done for signatures and attestations. What was kept from before is not counted again. */
export interface ClaimObserver {
  candidate(form: CandidateForm | 'none', outcome: CandidateOutcome): void;
  took(stage: ClaimStage, milliseconds: number): void;
}
export const nobodyObserves: ClaimObserver = { candidate: () => {}, took: () => {} };
