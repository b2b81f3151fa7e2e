import type { PolicyProblem } from '../../../core/policy/load/schema-problem.ts';
import { isTooDeep } from '../../../core/text/json/json-depth.ts';
import { nestedTooDeep } from '../../../core/text/yaml/limits.ts';

/** Refuses an object that nests too deeply. Attack: one constraint of 10,000 brackets ends the reading of all others. */
export const depthProblems = (object: unknown): readonly PolicyProblem[] =>
  isTooDeep(object) ? [{ path: [], message: nestedTooDeep }] : [];
