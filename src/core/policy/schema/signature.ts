import * as z from 'zod';
import { authorityFields, refineAge, refineAuthorities, type AddProblem } from './authority.ts';
import { claimFields, repositoryTemplate } from './claims.ts';
import { kept, visibleText } from './text.ts';

const maxAnnotations = 64;

/** The check `signature`: who must have signed the image. */
export const signatureFields = z
  .strictObject({
    ...authorityFields,
    ...claimFields,
    signedAs: repositoryTemplate
      .exactOptional()
      .describe(
        'The name under which the image was signed: `{host}/{path}` demands its own name, `registry.example.com/{path}` that of the ' +
          'original of a copy. Signatures that hold no name fail: those of cosign 3 do not. Where nothing is said, any name will do.',
      )
      .meta(kept),
    annotations: z
      .record(visibleText(256), z.string().max(1024))
      .refine((texts) => Object.keys(texts).length > 0, { message: 'asks for nothing: name at least one' })
      .refine((texts) => Object.keys(texts).length <= maxAnnotations, {
        message: `holds more than ${String(maxAnnotations)} annotations`,
      })
      .exactOptional()
      .describe(
        'Annotations that the signed payload must hold, with exactly these values (`cosign sign -a`).',
      )
      .meta({ ...kept, maxProperties: maxAnnotations }),
  })
  .superRefine((check, context) => {
    const addProblem: AddProblem = (path, message) =>
      context.addIssue({ code: 'custom', path: [...path], message });
    refineAuthorities(check, addProblem);
    if (check.maxAge !== undefined) refineAge(check, 'maxAge', addProblem);
  })
  .describe(
    'Who must have signed the image. Signatures are looked for beside it: the tags of cosign, the Referrers API and its ' +
      'fallback tag. In mode Deny or Warn a policy with this check and without `digest` acts as with `digest: { pin: true }`, ' +
      'so that what was judged is what runs.',
  );
