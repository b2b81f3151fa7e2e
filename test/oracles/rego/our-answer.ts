import { jsonText } from '../../../src/languages/rego/builtins/encoding/json-text.ts';
import { problemsText } from '../../../src/languages/rego/compile/compile-problem.ts';
import { problemText } from '../../../src/languages/rego/evaluate/fault.ts';
import { compileRego, type Policy } from '../../../src/languages/rego/policy.ts';
import { valueOfJson } from '../../../src/languages/rego/values/json-value.ts';
import { RegoObject, type RegoValue } from '../../../src/languages/rego/values/value.ts';
import { parseJson } from '../../../src/core/text/json/parse-json.ts';
import { modulesOf, violationPath, type RegoAnswer, type RegoQuestion, type Said } from './ask-opa.ts';

const surroundings = { now: 1_700_000_000_000_000_000n, seed: 'oracle' };

const answerOf = (policy: Policy, parameters: RegoValue, review: string): Said => {
  const input = RegoObject.of([
    ['review', valueOfJson(parseJson(review) ?? null, 'float64')],
    ['parameters', parameters],
  ]);
  const answer = policy.document(violationPath, { input, surroundings });
  if (!answer.ok) return { error: problemText(answer.error) };
  return answer.value === undefined ? {} : { value: jsonText(answer.value) };
};

/** What we say, in the words of the oracle. */
export const ourAnswer = (question: RegoQuestion): RegoAnswer => {
  const { version, parameters, reviews } = question;
  const compiled = compileRego(modulesOf(question).map((source) => ({ ...source, version })));
  if (!compiled.ok) return { refused: problemsText(compiled.error) };
  const asked = valueOfJson(parseJson(parameters) ?? null, 'int64');
  return { said: reviews.map((review) => answerOf(compiled.value, asked, review)) };
};
