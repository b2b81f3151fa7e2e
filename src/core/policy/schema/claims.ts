import * as z from 'zod';
import { besideImage, filledTemplate } from '../../facts/claim-location.ts';
import { algorithmOf, parseDigest } from '../../image/digest.ts';
import { parseReference } from '../../image/reference.ts';
import { durationText, kept, visibleText } from './text.ts';

const maxTemplateLength = 512;
/** Stands for the image that a template is completed with. */
const anyImage = 'registry.example.com/team/app';

/** A repository with its host, in which braces stand for parts of the image, or `image` for its own. */
export const repositoryTemplate = visibleText(maxTemplateLength).superRefine((text, context) => {
  const read = parseReference(filledTemplate(text, anyImage));
  const isRepository =
    read.ok && read.value.hostWritten && read.value.tag === undefined && read.value.digest === undefined;
  if (isRepository) return;
  context.addIssue({
    code: 'custom',
    message:
      `${JSON.stringify(text)}: must be a repository with its host, in which {host}, {path} and {name} stand for those of the ` +
      'image, such as "sigs.example.com/{path}"',
  });
});

const digestText = visibleText(maxTemplateLength).superRefine((text, context) => {
  const digest = parseDigest(text);
  const isFit = digest.ok && algorithmOf(digest.value) === 'sha256';
  if (isFit) return;
  // What is written by another one would revoke nothing, or an image by one of its names alone.
  const why = digest.ok
    ? 'must be a sha256, which finds an image by whichever digest it is named'
    : digest.error;
  context.addIssue({ code: 'custom', message: `${JSON.stringify(text)}: ${why}` });
});
const digestList = z.array(digestText).min(1).max(1024);

/** The fields that `signature` and `attestation` have in common. */
export const claimFields = {
  locations: z
    .array(repositoryTemplate)
    .min(1)
    .max(8)
    .default([besideImage])
    .describe(
      'Where signatures are looked for: `image` is beside the image, anything else a repository, in which {host}, {path} and ' +
        '{name} stand for those of the image. They are read with the credentials of the Pod.',
    ),
  revoked: z
    .strictObject({
      images: digestList
        .exactOptional()
        .describe(
          'Digests that may not run any more, whoever signed them: what a workload names, and where `multiArch` has them judged the images behind it. Of each its sha256, by whichever algorithm a workload names it.',
        )
        .meta(kept),
      certificates: digestList
        .exactOptional()
        .describe('Certificates, of a signer or of a CA, whose signatures do not count: sha256 of their DER.')
        .meta(kept),
    })
    .refine((lists) => Object.keys(lists).length > 0, {
      message: 'revokes nothing: name digests in `images` or `certificates`',
    })
    .exactOptional()
    .describe('What was signed and does not count any more.')
    .meta(kept),
  maxAge: durationText({ zero: false })
    .exactOptional()
    .describe(
      'The signature was made at most this long ago, by its first trusted time. Whoever holds an old signature of a key can ' +
        'have it dated anew; one with a keyless certificate cannot be dated after the minutes in which that was valid.',
    )
    .meta(kept),
} as const;
