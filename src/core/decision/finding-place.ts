import type { Finding } from './finding.ts';
import { shownName } from './shown-text.ts';

/**
 * `, at spec.containers[0].image`: the field that a finding is about, behind its rule; nothing where its message begins
 * with the field or it is about the whole request.
 */
export const atField = ({ path, message }: Pick<Finding, 'path' | 'message'>): string => {
  if (path === undefined) return '';
  const field = shownName(path);
  return message.startsWith(field) ? '' : `, at ${field}`;
};
