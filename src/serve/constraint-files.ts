import { hash } from 'node:crypto';
import type { ReadConstraints } from '../adapters/policy-files/read-set.ts';

const digest = (text: string): string => `sha256:${hash('sha256', text).slice(0, 16)}`;

/** Objects of Gatekeeper among policies. Their language is loaded when a set holds some. */
export const readConstraints: ReadConstraints = async (documents) => {
  const { constraintsOfFiles } = await import('../languages/gatekeeper/set/constraint-files.ts');
  return constraintsOfFiles(documents, digest);
};
