import type { Finding } from '../../core/decision/finding.ts';
import { namesField } from '../../core/decision/finding-place.ts';

/** The sentence of a finding with the field that it is about, where nothing else names it. */
export const fieldText = (finding: Finding): string =>
  finding.path === undefined || namesField(finding) ? finding.message : `${finding.path}: ${finding.message}`;
