import { z } from 'zod';
import { authorityFields, refineAuthorities } from './authority.ts';

/** The check `signature`: who must have signed the image. */
export const signatureFields = z
  .strictObject({ ...authorityFields })
  .superRefine((check, context) => {
    refineAuthorities(check, (path, message) => {
      context.addIssue({ code: 'custom', path: [...path], message });
    });
  })
  .describe(
    'Who must have signed the image. Signatures are looked for beside it: the tags of cosign, the Referrers API and its ' +
      'fallback tag. In mode Deny or Warn a policy with this check and without `digest` acts as with `digest: { pin: true }`, ' +
      'so that what was judged is what runs.',
  );
