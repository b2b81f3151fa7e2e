import * as z from 'zod';
import { predicateTypeOf, predicateTypeWords } from '../../facts/predicate-type.ts';
import { suggest } from '../load/suggestion.ts';
import { authorityFields, refineAge, refineAuthorities, type AddProblem } from './authority.ts';
import { claimFields } from './claims.ts';
import { identityGlobText } from './identity.ts';
import { boundedText, kept, visibleText } from './text.ts';

const maxPredicateTypeLength = 512;

const predicateType = visibleText(maxPredicateTypeLength).superRefine((text, context) => {
  if (predicateTypeOf(text) !== undefined) return;
  const suggestion = suggest(text, predicateTypeWords);
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(text)}: must be a URI or one of ${predicateTypeWords.join(', ')}`,
    ...(suggestion === undefined ? {} : { params: { suggestion } }),
  });
});

const globs = (what: string) =>
  z
    .array(identityGlobText)
    .min(1)
    .max(64)
    .exactOptional()
    .describe(`${what}, exact or with wildcards as in \`subject\`. Provenance that names none fails.`)
    .meta(kept);

const provenance = z
  .strictObject({
    builders: globs('Builders that may have built the image, by their id'),
    sources: globs(
      'Repositories that it may be built from; all that the provenance names must be among them',
    ),
    refs: globs(
      'Branches and tags that it may be built from; all that the provenance names must be among them',
    ),
  })
  .refine((lists) => Object.keys(lists).length > 0, {
    message: 'asks for nothing: add `builders`, `sources` or `refs`',
  })
  .exactOptional()
  .describe(
    'What SLSA provenance (v0.2 or v1) must say. It is the word of whoever signed it: name as authority the builder, not those ' +
      'who start builds.',
  )
  .meta(kept);

/** The check `attestation`: what somebody must have attested about the image. */
export const attestationFields = z
  .strictObject({
    predicateType: predicateType.describe(
      `What is attested: the predicate type as a URI, or a word of cosign (${predicateTypeWords.join(', ')}).`,
    ),
    ...authorityFields,
    ...claimFields,
    select: z
      .enum(['Any', 'Newest', 'All'])
      .default('Any')
      .describe(
        'Which attestations of this type, by these authorities, must meet the conditions: one of them (Any), that with the newest ' +
          'trusted time (Newest), or each (All). Newest and All look at every candidate, and fail where one cannot be read.',
      ),
    provenance,
    expression: boundedText(4096)
      .exactOptional()
      .describe(
        'A CEL expression over the signed statement, with `predicate`, `predicateType` and `subject`; the attestation counts where it is ' +
          'true. An error counts as not true.',
      )
      .meta(kept),
  })
  .superRefine((check, context) => {
    const addProblem: AddProblem = (path, message) =>
      context.addIssue({ code: 'custom', path: [...path], message });
    refineAuthorities(check, addProblem);
    if (check.maxAge !== undefined) refineAge(check, 'maxAge', addProblem);
    else if (check.select === 'Newest') refineAge(check, 'select: Newest', addProblem);
  })
  .describe(
    'What must be attested about the image, and by whom: provenance, a list of packages, a scan, or anything else in an in-toto ' +
      'statement. Attestations are looked for beside the image, and behind an index beside each image that `multiArch` chooses. ' +
      'Without conditions its presence is enough. The policy pins as with `signature`.',
  );
