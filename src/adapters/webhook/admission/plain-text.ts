import { maxShownLength, shownBriefly } from '../../../core/text/shown-text.ts';

/**
 * A text of at most `limit` runes, as Kubernetes counts them (code points, not UTF-16 units), with every control
 * character escaped: safe in an HTTP header and on a terminal. As everywhere, its middle is what gets cut.
 */
export const cutRunes = (text: string, limit: number): string => {
  const safe = shownBriefly(text, Math.max(limit, maxShownLength));
  if (safe.length <= limit) return safe;
  const runes = Array.from(safe);
  if (runes.length <= limit) return safe;
  const end = (limit - 1) >> 1;
  return `${runes.slice(0, limit - 1 - end).join('')}…${runes.slice(-end).join('')}`;
};

export const countRunes = (text: string): number => Array.from(text).length;
