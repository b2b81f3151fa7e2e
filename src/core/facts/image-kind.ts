import { needOf, type EvidenceKind, type Need } from './evidence-kind.ts';
import type { PlatformChoice } from './image-facts.ts';
import { choiceKey, unitedChoice } from './platform-choice.ts';

/** `image`: what manifest and config say. */
export const imageKind: EvidenceKind<'image'> = {
  id: 'image',
  keyOf: ({ platforms }) => choiceKey(platforms),
  union: (one, other) => ({ platforms: unitedChoice(one.platforms, other.platforms) }),
};

export const imageNeed = (platforms: PlatformChoice): Need<'image'> => needOf(imageKind, { platforms });
