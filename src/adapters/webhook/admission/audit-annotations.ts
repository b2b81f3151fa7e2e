import type { Decision } from '../../../core/decision/decision.ts';

/** Longest value; audit events are stored for years. */
const maxValueLength = 512;

const listed = (names: Iterable<string>, separator = ','): string => {
  const text = [...new Set(names)].filter((name) => name !== '').join(separator);
  return text.length > maxValueLength ? `${text.slice(0, maxValueLength - 1)}…` : text;
};

/**
 * Annotations that the API server writes into its audit log, as `<webhook name>/<key>`: the id of the decision, the
 * policies and reason codes of its findings (of every mode), the titles of templates among them, and why it was skipped.
 */
export const auditAnnotations = ({
  id,
  findings,
  titles,
  skipped,
}: Decision): Readonly<Record<string, string>> => {
  const policies = listed(findings.map(({ policy }) => policy));
  return {
    decision: id,
    ...(policies === '' ? {} : { policies }),
    ...(findings.length === 0 ? {} : { reasons: listed(findings.map(({ code }) => code)) }),
    ...(titles === undefined ? {} : { templates: listed(Object.values(titles), '; ') }),
    ...(skipped === undefined ? {} : { skipped: skipped.code }),
  };
};
