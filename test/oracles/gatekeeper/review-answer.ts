import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createReviewer, type AdmissionAnswer } from '../../e2e/harness/admission-reviewer.ts';
import { startGateOnFolder } from '../../e2e/harness/gate-on-folder.ts';
import type { ReviewAnswer } from './gatekeeper-answers.ts';
import type { LibraryPolicies, LibraryPolicy } from './library-reviews.ts';

/** What counts of an answer. An allowed request has no status here, and 200 or 299 from Gatekeeper: nobody reads it. */
export const reviewAnswerOf = ({ allowed, status, warnings = [] }: AdmissionAnswer): ReviewAnswer => ({
  allowed,
  ...(allowed ? {} : { code: status?.code ?? 0, message: status?.message ?? '' }),
  warnings: [...warnings],
});

const served = async (
  policies: readonly LibraryPolicy[],
  reviews: LibraryPolicies['reviews'],
): Promise<readonly ReviewAnswer[]> => {
  const folder = mkdtempSync(join(tmpdir(), 'imagegate-library-'));
  for (const [at, { template, constraint }] of policies.entries()) {
    writeFileSync(join(folder, `${at}-template.json`), JSON.stringify(template));
    writeFileSync(join(folder, `${at}-constraint.json`), JSON.stringify(constraint));
  }
  const gate = await startGateOnFolder(folder);
  const { review, close } = createReviewer(`${gate.url}/validate?timeout=10s`, gate.ca);
  try {
    const answers: ReviewAnswer[] = [];
    for (const one of reviews) answers.push(reviewAnswerOf(await review(one)));
    return answers;
  } finally {
    close();
    await gate.stop();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** The answers of gates that serve the same templates and constraints from a folder. */
export const ourReviewAnswers = async ({
  inForce,
  reviews,
}: LibraryPolicies): Promise<readonly ReviewAnswer[]> => {
  const answers: ReviewAnswer[] = [];
  for (const policies of inForce) answers.push(...(await served(policies, reviews)));
  return answers;
};
