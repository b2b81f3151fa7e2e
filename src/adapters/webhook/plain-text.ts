import { shown } from '../../core/decision/shown-text.ts';

/**
 * The first `limit` runes of a text, as Kubernetes counts them (code points, not UTF-16 units), with every
 * control character escaped: safe in an HTTP header and on a terminal. A cut text ends with `…`.
 */
export const cutRunes = (text: string, limit: number): string => {
  const safe = shown(text);
  if (safe.length <= limit) return safe;
  const runes = Array.from(safe);
  return runes.length <= limit ? safe : `${runes.slice(0, limit - 1).join('')}…`;
};

export const countRunes = (text: string): number => Array.from(text).length;
