import { RE2JS } from 're2js';
import { beyondBound, BuiltinFault } from '../../evaluate/fault.ts';
import { messageOf } from '../../../../core/result.ts';

/** A longer pattern is refused: a program of the engine is many times as large. */
const maxPatternLength = 8192;
const maxKept = 200;

/** Patterns that were compiled, whoever asked: templates ask for the same ones again and again. */
const kept = new Map<string, RE2JS>();

/** @throws {BuiltinFault} for what is no pattern of RE2 */
export const compiledPattern = (pattern: string, flags = 0): RE2JS => {
  const key = `${flags} ${pattern}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  if (pattern.length > maxPatternLength)
    throw beyondBound(`a pattern is over ${maxPatternLength} characters`);
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern, flags);
  } catch (error) {
    throw new BuiltinFault(messageOf(error));
  }
  if (kept.size >= maxKept) kept.clear();
  kept.set(key, compiled);
  return compiled;
};
