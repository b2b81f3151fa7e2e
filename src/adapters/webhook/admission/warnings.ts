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

const total = (lengths: readonly number[]): number => lengths.reduce((sum, length) => sum + length, 0);

const distinct = (
  texts: readonly string[],
  limitOf: (text: string) => number,
): { readonly all: readonly string[]; readonly lengths: readonly number[] } => {
  const found = new Set<string>();
  for (const text of texts) {
    const warning = cutRunes(text, limitOf(text)).trim();
    if (warning !== '') found.add(warning);
  }
  const all = [...found];
  return { all, lengths: all.map(countRunes) };
};

/**
 * The warnings of an answer: each at most 256 runes on one line, without duplicates and empty ones, at most
 * 4,096 runes in all; when not all fit, the last one says how many were left out. The texts of constraints are Gatekeeper's:
 * they stay whole as long as all fit.
 * @param omitted - warnings that are not among the texts
 */
export const admissionWarnings = (
  texts: readonly string[],
  ofConstraints: ReadonlySet<string> = new Set(),
  omitted = 0,
): readonly string[] => {
  const room = omitted === 0 ? maxTotalRunes : maxTotalRunes - restRunes;
  const withRest = (warnings: readonly string[], more: number): readonly string[] =>
    more === 0 ? warnings : [...warnings, rest(more)];
  if (ofConstraints.size > 0) {
    const whole = distinct(texts, (text) => (ofConstraints.has(text) ? maxTotalRunes + 1 : maxWarningRunes));
    if (total(whole.lengths) <= room) return withRest(whole.all, omitted);
  }
  const { all, lengths } = distinct(texts, () => maxWarningRunes);
  if (total(lengths) <= room) return withRest(all, omitted);
  let left = maxTotalRunes - restRunes;
  const kept = all.findIndex((_warning, at) => (left -= lengths[at] ?? 0) < 0);
  return withRest(all.slice(0, kept), all.length - kept + omitted);
};
