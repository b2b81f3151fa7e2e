import type { Module } from '../syntax/term.ts';
import { CompileFault } from './compile-problem.ts';
import { meetRule } from './references.ts';
import { dottedName } from './variables.ts';

const deprecated = new Set(
  'all any cast_array cast_boolean cast_null cast_object cast_set cast_string net.cidr_overlap re_match set_diff'.split(
    ' ',
  ),
);

/** Calls of builtins that Rego 1 no longer has. */
export const deprecatedCalls = ({ rules }: Module): readonly CompileFault[] => {
  const found: CompileFault[] = [];
  for (const rule of rules)
    meetRule(rule, {
      // As OPA, which accepts such calls there.
      skipsEvery: true,
      call: ({ operator, at }) => {
        const name = dottedName(operator) ?? '';
        if (!deprecated.has(name)) return;
        const why = `deprecated built-in function calls in expression: ${name}`;
        found.push(new CompileFault('rego_type_error', why, at));
      },
    });
  return found;
};
