import * as z from 'zod';
import {
  durationText,
  imageLabelGlob,
  imageLabelName,
  kept,
  labelKey,
  labelValue,
  platformText,
  sizeText,
} from './text.ts';

const maxLabels = 64;

const labelRules = z
  .record(imageLabelName, z.array(imageLabelGlob).min(1).max(64))
  .refine((rules) => Object.keys(rules).length > 0, {
    message: 'this condition checks nothing: name at least one label',
  })
  .refine((rules) => Object.keys(rules).length <= maxLabels, {
    message: `holds more than ${maxLabels} labels`,
  });

const namespaceRule = z.strictObject({
  image: imageLabelName.describe('Name of the label of the image that the rule speaks about.'),
  value: imageLabelGlob
    .default('*')
    .describe(
      'The rule holds for images whose label has this value; `*` stands for any characters, alone for any value.',
    ),
  namespace: z
    .strictObject({
      key: labelKey.describe('Label of the namespace that is compared.'),
      in: z
        .array(labelValue)
        .min(1)
        .max(64)
        .describe('Values of that label with which such an image may run.'),
    })
    .describe('Where such an image may run: only in namespaces that have this label with one of the values.'),
});

const labels = z
  .strictObject({
    required: labelRules
      .exactOptional()
      .describe(
        'Labels that the image must have, each with the values that it may have: name to list of globs. `["*"]` takes ' +
          'any value.',
      )
      .meta({ ...kept, maxProperties: maxLabels }),
    forbidden: labelRules
      .exactOptional()
      .describe(
        'Labels that the image may not have with these values: name to list of globs. `["*"]` refuses the label ' +
          'altogether.',
      )
      .meta({ ...kept, maxProperties: maxLabels }),
    namespaceLabels: z
      .array(namespaceRule)
      .min(1)
      .max(32)
      .exactOptional()
      .describe(
        'Labels of the image against labels of the namespace, so that an image marked with production data is refused ' +
          'outside production. Namespace labels that cannot be read count as not fitting.',
      )
      .meta(kept),
  })
  .superRefine((rules, context) => {
    if (Object.keys(rules).length > 0) return;
    context.addIssue({
      code: 'custom',
      message: 'this condition checks nothing: add `required`, `forbidden` or `namespaceLabels`',
    });
  });

/** The check `image`: conditions on what the manifest and the config of the image say. */
export const imageFields = z
  .strictObject({
    maxAge: durationText({ zero: false })
      .exactOptional()
      .describe(
        'The image was created at most this long ago, such as `90d`. The time is what its builder wrote: the first that can ' +
          'be true of `created` in its config and `org.opencontainers.image.created` of manifest, labels and index.',
      )
      .meta(kept),
    minAge: durationText({ zero: false })
      .exactOptional()
      .describe(
        'The image was created at least this long ago, such as `3d`: time for others to find out that a third-party ' +
          'image was poisoned. The time is what its builder wrote, so this is no defence against the builder.',
      )
      .meta(kept),
    unknownTime: z
      .enum(['Deny', 'Warn', 'Allow'])
      .exactOptional()
      .describe(
        'What happens to an image that names no time that can be true, where `maxAge` or `minAge` asks for one: builds that ' +
          'are reproducible write a fixed time (1970, 1980). Deny (the default) fails it in the mode of the policy, Warn lets ' +
          'it through and tells the user, Allow says nothing.',
      )
      .meta(kept),
    user: z
      .enum(['NonRoot', 'NonRootNumeric'])
      .exactOptional()
      .describe(
        'The user that the image runs as; not judged of an image volume, from which nothing runs. NonRoot refuses an empty user, 0 and root; NonRootNumeric takes nothing but a ' +
          "number above 0, as the kubelet's runAsNonRoot does, because a name may stand for 0 inside the image.",
      )
      .meta(kept),
    labels: labels.exactOptional().describe('What the labels of the image must say.').meta(kept),
    platforms: z
      .array(platformText)
      .min(1)
      .max(32)
      .exactOptional()
      .describe(
        'Platforms that an image may be for: `os/architecture`, or `os/architecture/variant`. Each platform that ' +
          '`multiArch` has judged must be among them.',
      )
      .meta(kept),
    maxSize: sizeText
      .exactOptional()
      .describe(
        'Most bytes of one platform of the image as it is pulled (compressed), such as `500Mi` or `2G`.',
      )
      .meta(kept),
  })
  .superRefine(({ unknownTime, ...conditions }, context) => {
    if (unknownTime !== undefined && conditions.maxAge === undefined && conditions.minAge === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['unknownTime'],
        message: 'does nothing without `maxAge` or `minAge`: add one of them, or leave it out',
      });
      return;
    }
    if (Object.keys(conditions).length > 0) return;
    context.addIssue({
      code: 'custom',
      message:
        'this check checks nothing: add `maxAge`, `minAge`, `user`, `labels`, `platforms` or `maxSize`',
    });
  })
  .describe(
    'What the image says about itself: its manifest and config are read from the registry, once for each digest. An ' +
      'index fails when any platform that is judged does. The gate asks every registry that a workload names, except ' +
      'where a `registries` check in mode Deny already refuses the image: fence before you look.',
  );
