import { describe, expect, it } from 'vitest';
import { readRegoRecording } from './recording.ts';
import { compareAnswers, digestOfQuestions } from './rego/compare-rego.ts';
import { regoDifferences } from './rego/differences.ts';
import { drawnQuestions } from './rego/questions.ts';

/** Recorded by `npm run oracles`: what OPA said of templates. */
const { seed, drawn, answers } = readRegoRecording();
const questions = drawnQuestions(seed);
const generated = compareAnswers(questions, answers.drawn);

describe('2,000 recorded pairs of a generated template and an object', () => {
  it('are the pairs that the seed draws, and OPA answers, refuses and fails', () => {
    expect(digestOfQuestions(questions)).toBe(drawn);
    expect(answers.drawn).toHaveLength(1000);
    const { refused, failed, answered } = generated.counts;
    expect(refused).toBeGreaterThan(300);
    expect(failed).toBeGreaterThan(5);
    expect(answered).toBeGreaterThan(1000);
  });

  it('are answered by OPA as by us, except where a reason stands', () => {
    expect(generated.unexplained).toEqual([]);
  });
});

it.each(regoDifferences.filter((row) => row.ofLibrary !== true))(
  'recorded answers differ because $why',
  (row) => {
    expect(generated.explained.get(row) ?? []).not.toEqual([]);
  },
);
