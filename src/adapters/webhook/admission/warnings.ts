import { countRunes, cutRunes } from './plain-text.ts';

/** Kubernetes cuts longer warnings once the total is used up. */
const maxWarningRunes = 256;
/** For the whole request; other webhooks share it. */
const maxTotalRunes = 4_096;
/** Room for the line that says how many were left out. */
const restRunes = 64;

const rest = (count: number): string =>
  count === 1
    ? '1 more warning: see the decision record'
    : `${String(count)} more warnings: see the decision record`;

/**
 * The warnings of an answer: each at most 256 runes on one line, without duplicates and empty ones, at most
 * 4,096 runes in all; when not all fit, the last one says how many were left out.
 */
export const admissionWarnings = (texts: readonly string[]): readonly string[] => {
  const distinct = new Set<string>();
  for (const text of texts) {
    const warning = cutRunes(text, maxWarningRunes).trim();
    if (warning !== '') distinct.add(warning);
  }
  const all = [...distinct];
  const lengths = all.map(countRunes);
  if (lengths.reduce((sum, length) => sum + length, 0) <= maxTotalRunes) return all;
  let left = maxTotalRunes - restRunes;
  const kept = all.findIndex((_warning, at) => (left -= lengths[at] ?? 0) < 0);
  return [...all.slice(0, kept), rest(all.length - kept)];
};
