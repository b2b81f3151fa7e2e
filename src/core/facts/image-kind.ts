import { needOf, type EvidenceKind, type Need } from './evidence-kind.ts';
import type { PlatformChoice } from './image-facts.ts';
import { choiceKey } from './platform-choice.ts';

const union = (one: PlatformChoice, other: PlatformChoice): PlatformChoice =>
  one === 'all' || other === 'all' ? 'all' : [...new Set([...one, ...other])];

/** `image`: what manifest and config say. */
export const imageKind: EvidenceKind<'image'> = {
  id: 'image',
  keyOf: ({ platforms }) => choiceKey(platforms),
  union: (one, other) => ({ platforms: union(one.platforms, other.platforms) }),
};

export const imageNeed = (platforms: PlatformChoice): Need<'image'> => needOf(imageKind, { platforms });
