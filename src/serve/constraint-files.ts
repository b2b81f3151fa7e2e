import { hash } from 'node:crypto';
import type { ReadConstraints } from '../adapters/policy-files/read-set.ts';
import { systemClock } from '../concurrency/clock.ts';
import { createTurns } from '../concurrency/yield.ts';
import type { ConstraintFiles } from '../languages/gatekeeper/set/constraint-files.ts';

/** The version of a set of constraints, from a text that says all of it. */
export const constraintsDigest = (text: string): string => `sha256:${hash('sha256', text).slice(0, 16)}`;

/**
 * Objects of Gatekeeper among policies, read one at a time between other work. Their language is loaded when a set holds
 * some; what stood in the set before is not read again.
 */
export const createReadConstraints = (): ReadConstraints => {
  let reading: ConstraintFiles | undefined;
  return async (documents) => {
    const language = await import('../languages/gatekeeper/set/constraint-files.ts');
    reading ??= language.createConstraintFiles(constraintsDigest);
    const turns = createTurns(systemClock);
    const steps = reading(documents);
    let step = steps.next();
    for (; step.done !== true; step = steps.next()) await turns.next();
    return step.value;
  };
};
