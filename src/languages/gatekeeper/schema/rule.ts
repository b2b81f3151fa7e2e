import { textFunctions } from '../../cel/text-functions.ts';
import { compileProgram, type Evaluated, type ExpressionProgram } from '../../cel/program.ts';
import { celValue } from '../../cel/cel-value.ts';
import { fail, ok, type Result } from '../../../core/result.ts';
import { textOf, type JsonObject, type JsonValue } from '../../../core/text/json/json.ts';
import { unorderedNames, viewOf } from './rule-view.ts';

/** What comes of a rule on a value. */
export type RuleOutcome =
  { readonly state: 'kept' } | { readonly state: 'broken' | 'unknown'; readonly message: string };

/** A rule of `x-kubernetes-validations`, ready to be asked about values of its schema. */
export interface SchemaRule {
  /** It is about a change, and what is new changes nothing. */
  readonly isTransition: boolean;
  judge(value: JsonValue): RuleOutcome & { readonly steps: number };
}

/** Faults of a value, which every interpreter finds; others may come of what this one lacks. */
const faultsOfValues =
  /^(?:field not found|key not found|no such key|int divide by zero|int modulus by zero|index .{0,80} out of bounds)/i;

const declared = ['self', 'oldSelf'];

const run = (
  program: ExpressionProgram,
  schema: JsonObject,
  value: JsonValue,
): Evaluated & { readonly steps: number } =>
  program.run((budget) => ({ self: celValue(value, budget, viewOf(schema)) }));

const maxMessageBytes = 5 * 1024;

/** One that says nothing usable gives way to `message`. */
const usableMessage = (said: Evaluated): string | undefined => {
  if (said.state !== 'value' || typeof said.value !== 'string') return undefined;
  const text = said.value.trim();
  const isTaken = text !== '' && !text.includes('\n') && text.length <= maxMessageBytes;
  return isTaken ? text : undefined;
};

const compile = (text: string, result: 'bool' | 'string'): Result<ExpressionProgram, string> =>
  compileProgram(text, { declared, result, functions: textFunctions });

/** Compiles a rule, or says why it cannot be evaluated here. `undefined`: it says nothing. */
export const compileRule = (
  written: JsonObject,
  schema: JsonObject,
): Result<SchemaRule, string> | undefined => {
  const text = textOf(written['rule']).trim();
  if (text === '') return undefined;
  const program = compile(text, 'bool');
  if (!program.ok) return program;
  const isOptional = written['optionalOldSelf'] === true;
  const isTransition = program.value.names.has('oldSelf');
  if (isTransition && isOptional)
    return fail('it asks about a value before that may be missing (optionalOldSelf)');
  const unordered = program.value.combines(unorderedNames(schema));
  if (unordered !== undefined)
    return fail(`it compares or adds to ${unordered}, a list of which the order means nothing`);
  const message = compile(textOf(written['messageExpression']).trim(), 'string');
  const otherwise = textOf(written['message']).trim() || `failed rule: ${text}`;
  return ok({
    isTransition,
    judge: (value) => {
      const { steps, ...evaluated } = run(program.value, schema, value);
      if (evaluated.state === 'value' && evaluated.value === true) return { state: 'kept', steps };
      if (evaluated.state === 'value') {
        const said = message.ok ? run(message.value, schema, value) : undefined;
        const text = said === undefined ? undefined : usableMessage(said);
        // Attack: a list of hundreds, a message for each of them, and each of them as much work as a rule may be.
        return { state: 'broken', message: text ?? otherwise, steps: steps + (said?.steps ?? 0) };
      }
      const isFault = evaluated.state === 'error' && faultsOfValues.test(evaluated.why);
      return isFault
        ? { state: 'broken', message: `${evaluated.why}, in the rule: ${text}`, steps }
        : { state: 'unknown', message: evaluated.why, steps };
    },
  });
};
