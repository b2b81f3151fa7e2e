import type { Finding } from '../../core/decision/finding.ts';

/** The sentence of a finding with the field that it is about, where nothing else names it. */
export const fieldText = ({ path, message }: Finding): string =>
  path === undefined ? message : `${path}: ${message}`;
