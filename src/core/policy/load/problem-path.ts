import type { PolicyProblem } from './schema-problem.ts';

/** The path of a problem as people write it: `spec.checks[0].digest`. */
export const formatPath = (path: readonly (string | number)[]): string =>
  path.reduce<string>((text, step) => {
    if (typeof step === 'number') return `${text}[${step}]`;
    return text === '' ? step : `${text}.${step}`;
  }, '');

/** `spec.checks[0].registeries: unknown check "registeries", did you mean "registries"?` */
export const describePolicyProblem = ({ path, message, suggestion }: PolicyProblem): string => {
  const place = formatPath(path);
  const hint = suggestion === undefined ? '' : `, did you mean "${suggestion}"?`;
  return `${place === '' ? '' : `${place}: `}${message}${hint}`;
};
