import type { Check, EvidenceCheck } from '../checks/check.ts';
import type { ImageNeeds } from '../facts/evidence-kind.ts';
import { matchesPattern, type ImagePattern } from '../image/pattern.ts';
import type { ImageReference } from '../image/reference.ts';
import type { CompiledSelector } from '../policy/match/label-selector.ts';
import type { Mode } from '../policy/mode.ts';
import type { MultiArch } from '../policy/schema/schema.ts';

/** Whom a policy applies to, ready to evaluate. */
export interface CompiledMatch {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly namespaceSelector: CompiledSelector | undefined;
  readonly objectSelector: CompiledSelector | undefined;
  /** `undefined`: every image. */
  readonly images: readonly ImagePattern[] | undefined;
}

export const matchesImage = ({ images }: CompiledMatch, image: ImageReference): boolean =>
  images === undefined || images.some((pattern) => matchesPattern(pattern, image));

export interface CompiledPolicy {
  readonly name: string;
  readonly mode: Mode;
  readonly onUnavailable: 'Deny' | 'Warn';
  readonly match: CompiledMatch;
  /** What the text alone decides. */
  readonly checks: readonly Check[];
  /** Checks that need the bytes behind the text. Empty when the policy causes no network call at `/validate`. */
  readonly evidence: readonly EvidenceCheck[];
  /** What these checks need, one object for all reviews. */
  readonly needs: ImageNeeds;
  /** `digest.pin`: `/mutate` adds the digest. */
  readonly pin: boolean;
  /** Whether it has a `digest` check, so that the judged bytes are those that run. */
  readonly fixesBytes: boolean;
  readonly multiArch: MultiArch;
  /** How old a tag result may be while its registry cannot be reached, in milliseconds; 0: none is accepted. */
  readonly staleFor: number;
}

/**
 * A policy of the cluster that cannot be used and of which no good revision is known. It denies within what
 * its readable `match` selects, everything if that is unreadable (R8).
 */
export interface BrokenPolicy {
  readonly name: string;
  readonly match: CompiledMatch;
  readonly problem: string;
}
