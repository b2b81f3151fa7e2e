/*
 * tags.deny
 *
 * Reads:   the tag that the runtime would use: the one in the text, or `latest` where the text has neither tag nor
 *          digest.
 * Allows:  a tag that no glob of the list matches; a digest without a tag.
 * Refuses: tag-denied
 */
import { shown } from '../text/shown-text.ts';
import { matchesGlob } from '../policy/match/glob.ts';
import { pass, type Check } from './check.ts';

export const tagsCheck = (deny: readonly string[]): Check => ({
  id: 'tags',
  run: (image) => {
    const tag = image.tag ?? (image.digest === undefined ? 'latest' : undefined);
    if (tag === undefined) return pass;
    const pattern = deny.find((candidate) => matchesGlob(candidate, tag));
    if (pattern === undefined) return pass;
    const implied = image.tag === undefined ? ' (implied: no tag and no digest is written)' : '';
    return [
      {
        code: 'tag-denied',
        message: `image '${shown(image.given)}' uses the denied tag '${tag}'${implied}`,
        ...(pattern === tag ? {} : { detail: `the tag matches the denied pattern ${pattern}` }),
        remedy: 'name a released version, best with its digest',
      },
    ];
  },
});
