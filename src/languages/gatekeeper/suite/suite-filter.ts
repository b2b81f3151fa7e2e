import { fail, ok, type Result } from '../../../core/result.ts';
import { compileRe2 } from '../re2.ts';
import type { SuiteTest } from './suite.ts';

/** Which tests and cases are run. */
export interface SuiteFilter {
  readonly test: (test: SuiteTest) => boolean;
  readonly case: (testName: string, caseName: string) => boolean;
}

const everything: SuiteFilter = { test: () => true, case: () => true };

const compiled = (pattern: string): Result<(text: string) => boolean, string> => {
  const regex = compileRe2(pattern);
  return regex.ok
    ? regex
    : fail(`${JSON.stringify(pattern)} is no regular expression of RE2: ${regex.error}`);
};

/**
 * A filter as gator reads it: `TEST//CASE` asks for both, `NAME` for either.
 * @param text - `''`: everything
 */
export const readFilter = (text: string): Result<SuiteFilter, string> => {
  if (text === '') return ok(everything);
  const [first = '', second, ...more] = text.split('//');
  if (more.length > 0) return fail('a filter holds "//" at most once');
  const one = compiled(first);
  if (!one.ok) return one;
  if (second === undefined) {
    const byName = (test: string, name: string): boolean => one.value(name) || one.value(test);
    return ok({
      case: byName,
      test: ({ name, cases }) =>
        one.value(name ?? '') || (cases ?? []).some((each) => one.value(each.name ?? '')),
    });
  }
  const other = compiled(second);
  if (!other.ok) return other;
  return ok({
    test: ({ name }) => one.value(name ?? ''),
    case: (test, name) => one.value(test) && other.value(name),
  });
};
