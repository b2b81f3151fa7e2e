/**
 * What it costs to ask the templates of Gatekeeper's library about an object: JSON in, messages out, beside OPA in the same
 * run, and what it costs to compile them. Both by processor time, so that a busy machine says the same.
 */
import { parseJson } from '../../src/core/text/json/parse-json.ts';
import { jsonText } from '../../src/languages/rego/builtins/encoding/json-text.ts';
import { compileRego, type Policy } from '../../src/languages/rego/policy.ts';
import { valueOfJson } from '../../src/languages/rego/values/json-value.ts';
import { RegoObject } from '../../src/languages/rego/values/value.ts';
import { cpuTime } from '../fakes/cpu-time.ts';
import {
  measureOpa,
  modulesOf,
  opaVersion,
  violationPath,
  type RegoQuestion,
} from '../oracles/rego/ask-opa.ts';
import { libraryQuestions } from '../oracles/rego/library.ts';
import type { BenchPlan } from './bench-plan.ts';
import { libraryFolder } from './constraint-stage.ts';
import { median, print } from './processes.ts';

const surroundings = { now: 0n, seed: 'bench' };

/** Processor time of this process, in nanoseconds. */
const spent = (run: () => void): number => {
  const before = cpuTime();
  run();
  return (cpuTime() - before) * 1e6;
};

const compiled = (question: RegoQuestion): Policy => {
  const policy = compileRego(modulesOf(question).map((source) => ({ ...source, version: question.version })));
  if (!policy.ok) throw new Error(policy.error[0]?.message);
  return policy.value;
};

/** How long asking once about each review takes. */
const evaluationTime = (question: RegoQuestion, rounds: number): number => {
  const policy = compiled(question);
  const parameters = valueOfJson(parseJson(question.parameters) ?? null, 'int64');
  let written = 0;
  const ask = (): void => {
    for (const review of question.reviews) {
      const value = valueOfJson(parseJson(review) ?? null, 'float64');
      const input = RegoObject.of([
        ['review', value],
        ['parameters', parameters],
      ]);
      const answer = policy.document(violationPath, { input, surroundings });
      if (!answer.ok) throw new Error(answer.error.message);
      written += answer.value === undefined ? 0 : jsonText(answer.value).length;
    }
  };
  for (let round = 0; round < rounds / 4; round++) ask();
  const time = spent(() => {
    for (let round = 0; round < rounds; round++) ask();
  });
  return written >= 0 ? time / rounds : 0;
};

const geometricMean = (all: readonly number[]): number =>
  Math.exp(all.reduce((sum, one) => sum + Math.log(one), 0) / all.length);

const kindOf = ({ rego }: RegoQuestion): string => /package (\S+)/.exec(rego)?.[1] ?? '';

/** The library, each template once, before anything of it was compiled in this process. */
const compileTimes = (library: readonly RegoQuestion[]): readonly number[] =>
  library.map((question) => spent(() => void compiled(question)));

export const measureTemplates = (plan: BenchPlan): Promise<void> => {
  const folder = libraryFolder(plan, 'constraints-templates');
  if (folder === undefined) return Promise.resolve();
  const { quick } = plan;
  const library = libraryQuestions(folder);
  const cold = compileTimes(library);
  const turns = quick ? 1 : 3;
  const rounds = quick ? 500 : 2000;
  const ours: number[][] = [];
  const theirs: number[][] = [];
  const theirCompile: number[][] = [];
  for (let turn = 0; turn < turns; turn++) {
    const measured = measureOpa(library, rounds);
    for (const [at, question] of library.entries()) {
      (ours[at] ??= []).push(evaluationTime(question, rounds));
      (theirs[at] ??= []).push(measured[at]!.evaluateNs);
      (theirCompile[at] ??= []).push(measured[at]!.compileNs);
    }
  }
  const warm = [1, 2, 3].map(() => compileTimes(library)).at(-1)!;
  const ratios = library.map((_question, at) => median(ours[at]!) / median(theirs[at]!));
  const highest = ratios.indexOf(Math.max(...ratios));
  const reference = (value: number) => ({ name: opaVersion(), value: value / 1000 });
  print({
    name: `${library.length} templates of Gatekeeper's library, two objects each, JSON in, messages out: geometric mean of CPU time`,
    value: geometricMean(ours.map(median)) / 1000,
    unit: 'us',
    reference: reference(geometricMean(theirs.map(median))),
    ratio: geometricMean(ratios),
    budget: 'ratio <= 0.8',
  });
  print({
    name: `the one that is slowest beside it: ${kindOf(library[highest]!)}`,
    value: median(ours[highest]!) / 1000,
    unit: 'us',
    reference: reference(median(theirs[highest]!)),
    ratio: ratios[highest]!,
    budget: 'ratio <= 2',
  });
  const mean = (all: readonly number[]): number => all.reduce((sum, one) => sum + one, 0) / all.length;
  for (const [when, times] of Object.entries({ first: cold, again: warm }))
    print({
      name: `compile one template, CPU time, ${when}`,
      value: mean(times) / 1000,
      unit: 'us',
      reference: reference(mean(theirCompile.map(median))),
      budget: '<= 2000',
    });
  return Promise.resolve();
};
