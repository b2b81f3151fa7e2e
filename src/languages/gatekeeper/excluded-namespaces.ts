import * as z from 'zod';
import { matchesGlob } from '../../core/policy/match/glob.ts';
import { problemsOf, type PolicyProblem } from '../../core/policy/load/schema-problem.ts';
import { fail, ok, type Result } from '../../core/result.ts';
import { nameGlob, namespaceOf } from './constraint-match.ts';
import type { ConstraintReview } from './review.ts';

const config = z.looseObject({
  apiVersion: z.literal('config.gatekeeper.sh/v1alpha1'),
  kind: z.literal('Config'),
  metadata: z.looseObject({ name: z.literal('config') }),
  spec: z
    .looseObject({
      match: z
        .array(
          z.looseObject({
            processes: z.array(z.string()).exactOptional(),
            excludedNamespaces: z.array(nameGlob).exactOptional(),
          }),
        )
        .exactOptional(),
    })
    .exactOptional(),
});

/** Globs on the namespaces that a Config keeps away from the constraints of a webhook. */
export const readExcludedNamespaces = (
  value: unknown,
): Result<readonly string[], readonly PolicyProblem[]> => {
  const parsed = config.safeParse(value);
  if (!parsed.success) return fail(problemsOf(parsed.error, value, config));
  const rows = parsed.data.spec?.match ?? [];
  return ok(
    rows
      .filter(({ processes = [] }) => processes.includes('webhook') || processes.includes('*'))
      .flatMap(({ excludedNamespaces = [] }) => excludedNamespaces),
  );
};

/** Whether no constraint is asked about a review. An object of no namespace is never kept away. */
export const isNamespaceExcluded = (globs: readonly string[], review: ConstraintReview): boolean => {
  const namespace = namespaceOf(review);
  return namespace !== '' && globs.some((glob) => matchesGlob(glob, namespace));
};
