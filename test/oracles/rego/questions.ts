import { createRandom } from '../random.ts';
import type { RegoQuestion } from './ask-opa.ts';
import { drawParameters, drawReview } from './draw-review.ts';
import { drawTemplate } from './draw-template.ts';
import { mutated } from './mutate.ts';

const templates = 1000;
const reviewsOfTemplate = 2;
const mutantsOfTemplate = 10;

/** 2,000 pairs of a template and an object, which the seed draws. */
export const drawnQuestions = (seed: number): readonly RegoQuestion[] => {
  const next = createRandom(seed);
  return Array.from({ length: templates }, () => {
    const { text, version } = drawTemplate(next);
    const reviews = Array.from({ length: reviewsOfTemplate }, () => JSON.stringify(drawReview(next)));
    return { rego: text, libs: [], version, parameters: JSON.stringify(drawParameters(next)), reviews };
  });
};

/** Templates of the library as they are, and each with some of its tokens changed. */
export const mutatedQuestions = (seed: number, library: readonly RegoQuestion[]): readonly RegoQuestion[] => {
  const next = createRandom(seed);
  return library.flatMap((question) => [
    question,
    ...Array.from({ length: mutantsOfTemplate }, () => ({ ...question, rego: mutated(question.rego, next) })),
  ]);
};
