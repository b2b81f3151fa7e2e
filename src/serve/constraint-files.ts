import { hash } from 'node:crypto';
import type { ReadConstraints } from '../adapters/policy-files/read-set.ts';

/** The version of a set of constraints, from a text that says all of it. */
export const constraintsDigest = (text: string): string => `sha256:${hash('sha256', text).slice(0, 16)}`;

/** Objects of Gatekeeper among policies. Their language is loaded when a set holds some. */
export const readConstraints: ReadConstraints = async (documents) => {
  const { constraintsOfFiles } = await import('../languages/gatekeeper/set/constraint-files.ts');
  return constraintsOfFiles(documents, constraintsDigest);
};
