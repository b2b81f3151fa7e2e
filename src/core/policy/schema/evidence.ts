import * as z from 'zod';
import { durationText, platformText } from './text.ts';

/** Which images behind an index the checks of a policy judge. */
export const multiArch = z
  .strictObject({
    mode: z
      .enum(['reference', 'each-platform', 'platforms'])
      .default('reference')
      .describe(
        'What is judged of an image for several platforms: reference judges the digest that is named, be it an index; ' +
          'each-platform judges every image behind an index; platforms judges those that `platforms` names. The check `image` reads configs, which an index has none of, ' +
          'so reference judges every platform there as well.',
      ),
    platforms: z
      .array(platformText)
      .max(32)
      .default([])
      .describe(
        'Platforms for the mode platforms: name every platform that your nodes have, because the others are not judged. Every ' +
          'variant of them is, and so is what nodes fall back to (386, arm). One that an index lacks is a finding of the check `image`.',
      ),
  })
  .superRefine(({ mode, platforms }, context) => {
    if ((mode === 'platforms') === platforms.length > 0) return;
    context.addIssue({
      code: 'custom',
      path: ['platforms'],
      message:
        mode === 'platforms'
          ? 'the mode platforms needs at least one platform'
          : `the mode ${mode} judges all platforms: write \`mode: platforms\`, or leave \`platforms\` out`,
    });
  });

export const staleFor = durationText({ zero: true })
  .default('0s')
  .describe(
    'How old the result of looking up a tag may be while its registry cannot be reached, such as `1h`; `0s` accepts none. ' +
      'The decision says how old it was; where a Pod was pinned to it, a warning does. What is named by digest cannot change and needs no such time.',
  );
