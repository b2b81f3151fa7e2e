import { isCelList, type CelFunc, type CelValue } from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import type { StepBudget } from './step-budget.ts';

/** Characters of a text that cost one step. */
const perStep = 256;
/** Of a text that an expression makes. */
const maxLength = 1024 * 1024;

const lengthOf = (value: CelValue | undefined): number => {
  if (typeof value === 'string') return value.length;
  if (!isCelList(value)) return 0;
  let sum = 0;
  for (const item of value) sum += typeof item === 'string' ? item.length : 1;
  return sum;
};

/** The most that a call may come to. Attack: a text that each of fifty `replace` makes ten times longer. */
const largest = (name: string, target: CelValue | undefined, args: readonly CelValue[]): number => {
  const [first, second] = args;
  const own = lengthOf(target);
  if (name === 'replace') return own + (own + 1) * lengthOf(second);
  if (name === 'join') return own + (isCelList(target) ? target.size : 0) * lengthOf(first);
  if (name !== 'format' || typeof target !== 'string') return own;
  return own + target.split('%').length * lengthOf(first);
};

const metered = (func: CelFunc, budget: () => StepBudget): CelFunc =>
  Object.assign(Object.create(func) as CelFunc, {
    call: (id: number, target: CelValue | undefined, args: CelValue[]) => {
      const length = largest(func.name, target, args);
      if (length > maxLength) budget().stop(`it may make a text of more than ${maxLength} characters`);
      budget().spend(Math.ceil(length / perStep));
      return func.call(id, target, args);
    },
  });

/**
 * Functions on texts that Kubernetes adds to CEL (`charAt`, `indexOf`, `join`, `lowerAscii`, `replace`, `split`,
 * `substring`, `trim`, `format` …).
 */
export const textFunctions = (budget: () => StepBudget): readonly CelFunc[] =>
  strings.map((func) => metered(func, budget));
