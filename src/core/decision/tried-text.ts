import { maxShownLength, shown, shownBriefly } from '../text/shown-text.ts';

/** How many of the tried credentials a text names, and how much of each. */
const maxTried = 4;
const minOfEach = 24;
const maxOfEach = 128;

/**
 * A cause and the credentials that were tried. The cause is never cut; long texts of the credentials are.
 * @example `connection refused; tried anonymous: no answer`
 */
export const withTried = (cause: string, tried: readonly string[]): string => {
  if (tried.length === 0) return shown(cause);
  const named = tried.slice(0, maxTried);
  const more = tried.length > named.length ? ` and ${tried.length - named.length} more` : '';
  const space = maxShownLength - cause.length - '; tried '.length - more.length - 2 * named.length;
  const each = Math.min(Math.max(Math.floor(space / named.length), minOfEach), maxOfEach);
  const texts = named.map((one) => shownBriefly(one, each));
  return shown(`${cause}; tried ${texts.join('; ')}${more}`);
};
