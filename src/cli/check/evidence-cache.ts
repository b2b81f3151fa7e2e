import { needsKey } from '../../core/facts/evidence-kind.ts';
import { unavailable } from '../../core/facts/fact.ts';
import type { ImageEvidence } from '../../core/facts/image-evidence.ts';
import { formatReference, type ImageReference } from '../../core/image/reference.ts';
import type { Evidence, EvidenceRequest } from '../../evidence/gather.ts';

/** The evidence of one command: each image is looked up once, and the result can be shown afterwards. */
export interface EvidenceMemory extends Evidence {
  /** The evidence about an image; `undefined` when it was not looked up. */
  found(image: ImageReference): ImageEvidence | undefined;
}

const nothing: ImageEvidence = {
  pinned: unavailable('the image', 'nobody answered'),
  facts: {},
  tried: [],
};

const keyOf = ({ image, needs }: EvidenceRequest): string => `${formatReference(image)} ${needsKey(needs)}`;

/**
 * Caches answers while a command runs. So a tag that moves meanwhile stands for one digest in every file and in every
 * decision (B1).
 */
export const rememberEvidence = (evidence: Evidence): EvidenceMemory => {
  const asked = new Map<string, Promise<ImageEvidence>>();
  const latest = new Map<string, ImageEvidence>();
  return {
    gather: (requests, context, signal) => {
      const open = new Map(requests.map((request) => [keyOf(request), request]));
      for (const key of open.keys()) if (asked.has(key)) open.delete(key);
      const answers =
        open.size === 0 ? Promise.resolve([]) : evidence.gather([...open.values()], context, signal);
      for (const [at, [key, { image }]] of [...open].entries()) {
        const answer = answers.then((all) => all[at] ?? nothing);
        asked.set(key, answer);
        void answer.then((one) => latest.set(formatReference(image), one));
      }
      return Promise.all(requests.map((request) => asked.get(keyOf(request)) ?? Promise.resolve(nothing)));
    },
    found: (image) => latest.get(formatReference(image)),
  };
};
