import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import { nestsDeeperThan } from '../../../core/text/json/json-depth.ts';
import { maxYamlDepth, nestedTooDeep } from '../../../core/text/yaml/limits.ts';

/** Whether an object of a cluster nests as deeply as one of a file may. The API server takes 10,000 levels. */
export const isTooDeep = (object: unknown): boolean => nestsDeeperThan(object, maxYamlDepth);

/**
 * Refuses an object that nests too deeply, before anything goes through it. Where the stack of the engine ends depends on
 * what it has compiled until then, so one replica would judge by a constraint that another one cannot read. Attack: one
 * constraint of 10,000 brackets ends the reading of all others.
 */
export const depthProblems = (object: unknown): readonly PolicyProblem[] =>
  isTooDeep(object) ? [{ path: [], message: nestedTooDeep }] : [];
