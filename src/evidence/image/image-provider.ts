import { unavailableBy } from '../../core/facts/fact.ts';
import type { ImageFacts } from '../../core/facts/image-facts.ts';
import { imageKind } from '../../core/facts/image-kind.ts';
import { createLruCache } from '../../concurrency/cache/lru-cache.ts';
import { weightOfFacts } from './image-facts.ts';
import type { EvidenceProvider, ProviderParts } from '../provider.ts';
import { unavailableText } from '../text/unavailable-text.ts';
import { readImage } from './read-image.ts';

/**
 * The provider `image`: manifest and config. Facts follow from the digest and cannot change, so an answer is valid while the
 * caller may read the manifest.
 */
export const createImageProvider = (parts: ProviderParts): EvidenceProvider<'image'> => {
  const { clock, limits } = parts;
  const memory = createLruCache<ImageFacts>({ entries: limits.factEntries, weight: limits.factBytes });
  return {
    kind: imageKind,
    gather: async (resolved, { wanted: { platforms } }, reading) => {
      const began = clock.monotonic();
      const answer = await readImage(parts, memory, { resolved, platforms }, reading);
      if (answer.state === 'known')
        return { fact: answer, keepFor: Infinity, bytes: weightOfFacts(answer.value) };
      if (answer.state === 'absent') return { fact: answer, keepFor: 0, bytes: 0 };
      const why = unavailableText(answer.why, resolved.credential.source, clock.monotonic() - began);
      return { fact: unavailableBy(why), keepFor: 0, bytes: 0 };
    },
  };
};
