import type { Maybe, RegoValue } from '../values/value.ts';
import type { Evaluation } from './evaluation.ts';

/** The variables of one run of a rule. */
export interface Frame {
  ctx: Evaluation;
  readonly slots: Maybe[];
}

/** Runs what is left of a body, once for each way to satisfy it. `true`: enough, look for no other way. */
export type Exec = (frame: Frame) => boolean;
/** The value of a term whose variables are known. */
export type Getter = (frame: Frame) => Maybe;
/** Goes on with a value that was found. */
export type Walk = (frame: Frame, value: RegoValue) => boolean;
/** Whether a value fits a pattern; its variables get their values. */
export type Matcher = (frame: Frame, value: RegoValue) => boolean;
/** One literal, given what comes behind it. */
export type Step = (next: Exec) => Exec;

/** Frames without values, by their size: each run of each rule copies one, which takes a twentieth of `Array.from`. */
const empty: Maybe[][] = [];
const emptyOf = (count: number): Maybe[] => {
  const slots: Maybe[] = [];
  for (let at = 0; at < count; at++) slots.push(undefined);
  empty[count] = slots;
  return slots;
};

export const frameOf = (ctx: Evaluation, count: number): Frame => ({
  ctx,
  slots: (empty[count] ?? emptyOf(count)).slice(),
});
