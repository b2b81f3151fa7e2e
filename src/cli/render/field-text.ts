import type { Finding } from '../../core/decision/finding.ts';
import { namesField } from '../../core/decision/finding-place.ts';

/** The sentence of a finding, with its field where nothing else names the field. */
export const fieldText = (finding: Finding): string =>
  finding.path === undefined || namesField(finding) ? finding.message : `${finding.path}: ${finding.message}`;
