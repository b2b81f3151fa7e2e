import * as z from 'zod';
import { attestationFields } from './attestation.ts';
import { imageFields } from './image.ts';
import { signatureFields } from './signature.ts';
import { imagePattern, imageTag, kept } from './text.ts';
import { vulnerabilitiesFields } from './vulnerabilities.ts';

const patterns = (use: 'allow' | 'platform' | 'deny') => z.array(imagePattern(use)).max(1024);

export const registriesFields = z
  .strictObject({
    allow: patterns('allow')
      .exactOptional()
      .describe(
        'Patterns of images that may run. When present, an image must match `allow` or `platform`; an empty list ' +
          'allows nothing beyond `platform`. Absent means no allow rule. Host and port are exact, `*` stays inside ' +
          'one path component, `**` spans components.',
      )
      .meta(kept),
    platform: patterns('platform')
      .default([])
      .describe(
        'Patterns of images that the cluster itself runs (service mesh, network, control plane). They are allowed ' +
          'like `allow`, but kept apart so that changing the trusted registries never breaks the platform.',
      ),
    deny: patterns('deny')
      .default([])
      .describe(
        'Patterns of images that may never run; wins over `allow` and `platform`. A host without a port covers ' +
          'every port. A deny list is a comfort, the allow list is the fence.',
      ),
    requireHost: z
      .boolean()
      .default(false)
      .describe(
        'Refuse short names such as `nginx` that name no registry host: some runtimes resolve them from a list on ' +
          'the node.',
      ),
  })
  .superRefine(({ allow, platform, deny, requireHost }, context) => {
    if (allow !== undefined || deny.length > 0 || requireHost) return;
    context.addIssue({
      code: 'custom',
      message:
        platform.length > 0
          ? 'this check checks nothing: `platform` only adds to `allow`; add `allow` (an empty list will do), `deny` or `requireHost: true`'
          : 'this check checks nothing: add `allow`, `deny` or `requireHost: true`',
    });
  })
  .describe(
    'Where images may come from. An image passes when it matches `allow` or `platform` and not `deny`.',
  );

const digestFields = z
  .strictObject({
    require: z
      .boolean()
      .default(false)
      .describe(
        'Every image must be named by digest (`name@sha256:…`), so that its bytes cannot change later.',
      ),
    pin: z
      .boolean()
      .exactOptional()
      .describe(
        'The gate adds the digest to images of Pods that have none, before they are stored, and a Pod that comes without ' +
          'one nevertheless is refused as with `require`. Templates and manifests keep their text, so that GitOps tools see ' +
          'no drift. A policy in mode Audit changes nothing. `false` is for policies with a check that pins by itself (`signature`, `attestation`, `vulnerabilities`): ' +
          'such a policy then judges tags that can be moved before the pull.',
      )
      .meta(kept),
  })
  .superRefine(({ require, pin }, context) => {
    if (require || pin !== undefined) return;
    context.addIssue({
      code: 'custom',
      message: 'this check checks nothing: write `require: true` or `pin: true`',
    });
  })
  .describe('How images must be pinned.');

const tagsFields = z
  .strictObject({
    deny: z
      .array(imageTag)
      .max(256)
      .default([])
      .describe(
        'Tags that may not be used; `*` stands for any characters. `latest` also covers an image with neither tag nor digest: ' +
          'that is what the runtime would pull.',
      ),
  })
  .superRefine(({ deny }, context) => {
    if (deny.length > 0) return;
    context.addIssue({
      code: 'custom',
      message: 'this check checks nothing: name at least one tag in `deny`',
    });
  })
  .describe('Which tags may be used.');

const checkFields = z.strictObject({
  registries: registriesFields.exactOptional(),
  digest: digestFields.exactOptional(),
  tags: tagsFields.exactOptional(),
  image: imageFields.exactOptional(),
  signature: signatureFields.exactOptional(),
  attestation: attestationFields.exactOptional(),
  vulnerabilities: vulnerabilitiesFields.exactOptional(),
});
type CheckFields = z.output<typeof checkFields>;
type OneOf<T> = { [K in keyof T]-?: { [P in K]-?: NonNullable<T[K]> } }[keyof T];

/** One item of `checks`. */
const check = checkFields
  .superRefine((fields, context) => {
    const names = Object.keys(fields);
    if (names.length === 1) return;
    const known = Object.keys(checkFields.shape).join(', ');
    const message =
      names.length === 0
        ? `an item of checks names exactly one check, this one names none; the checks are ${known}`
        : `an item of checks names exactly one check, this one names ${names.join(' and ')}: write one list item for each`;
    context.addIssue({ code: 'custom', message });
  })
  .transform((fields) => fields as OneOf<CheckFields>)
  .describe('One check, named by its only field.')
  .meta({ minProperties: 1, maxProperties: 1 });

/** Whether the checks make a policy pin that does not say otherwise: what they find out is about bytes. */
export const pinsByItself = (one: object): boolean =>
  'signature' in one || 'attestation' in one || 'vulnerabilities' in one;

/** The list of checks of a policy. */
export const checkList = z
  .array(check)
  .min(1)
  .max(32)
  .superRefine((all, context) => {
    if (all.some(pinsByItself)) return;
    for (const [index, one] of all.entries())
      if ('digest' in one && one.digest.pin === false && !one.digest.require)
        context.addIssue({
          code: 'custom',
          path: [index, 'digest'],
          message:
            'this check checks nothing: write `require: true` or `pin: true`; `pin: false` is for policies with a `signature`, `attestation` or `vulnerabilities` check',
        });
  });
