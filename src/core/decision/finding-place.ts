import type { Finding } from './finding.ts';
import { shownName } from '../text/shown-text.ts';

/** Whether the message of a finding begins with the field that it is about. */
export const namesField = ({ path, message }: Pick<Finding, 'path' | 'message'>): boolean =>
  path !== undefined && message.startsWith(shownName(path));

/**
 * `, at spec.containers[0].image`: the field that a finding is about, behind its rule; nothing where its message begins
 * with the field or it is about the whole request.
 */
export const atField = (finding: Pick<Finding, 'path' | 'message'>): string =>
  finding.path === undefined || namesField(finding) ? '' : `, at ${shownName(finding.path)}`;
