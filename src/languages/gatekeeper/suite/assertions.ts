import { compileRe2 } from '../re2.ts';
import type { SuiteAssertion } from './suite.ts';

/** What an assertion asks for: so many, at least one, or none. `undefined`: it asks for nothing that there is. */
const wantedOf = ({ violations }: SuiteAssertion): number | 'yes' | 'no' | undefined => {
  if (violations === undefined || violations === null || violations === true) return 'yes';
  if (violations === false) return 'no';
  if (typeof violations === 'number')
    return Number.isInteger(violations) && violations >= 0 ? violations : undefined;
  return violations === 'yes' || violations === 'no' ? violations : undefined;
};

const holds = (wanted: number | 'yes' | 'no', count: number): boolean => {
  if (wanted === 'yes') return count > 0;
  return count === (wanted === 'no' ? 0 : wanted);
};

const wantedTexts = { yes: 'at least 1', no: 'none' } as const;

/** How many messages a pattern speaks of; `undefined`: it is no pattern. */
const countOf = (pattern: string | undefined, messages: readonly string[]): number | undefined => {
  if (pattern === undefined) return messages.length;
  const regex = compileRe2(pattern);
  return regex.ok ? messages.filter(regex.value).length : undefined;
};

/** Why an assertion does not hold for the messages of a review; `undefined`: it does. */
export const whyNotHeld = (assertion: SuiteAssertion, messages: readonly string[]): string | undefined => {
  const wanted = wantedOf(assertion);
  if (wanted === undefined)
    return 'the assertion cannot be read: `violations` is a whole number from 0 on, "yes" or "no"';
  const pattern = assertion.message ?? undefined;
  const count = countOf(pattern, messages);
  if (count === undefined) return `${JSON.stringify(pattern)} is no regular expression of RE2`;
  if (holds(wanted, count)) return undefined;
  const containing = pattern === undefined ? '' : ` containing ${JSON.stringify(pattern)}`;
  const want = typeof wanted === 'number' ? `exactly ${wanted}` : wantedTexts[wanted];
  return `got ${count} violations${containing} but want ${want}; got messages ${JSON.stringify(messages)}`;
};
