import * as z from 'zod';
import { gapKinds } from '../../vulnerability/gap.ts';
import { severityLevels } from '../../vulnerability/severity/severity.ts';
import { authorityFields, refineAuthorities, type AddProblem } from './authority.ts';
import { boundedText, durationText, kept, visibleText } from './text.ts';

/** Longer than any id that is published. */
const maxIdLength = 128;
const maxIds = 1024;
const maxPurlLength = 512;

const vulnerabilityId = visibleText(maxIdLength);

const calendarDay = /^(\d{4})-(\d\d)-(\d\d)$/;
/** The last moment of a day (UTC), in milliseconds since 1970; `undefined`: the text is no day. */
export const endOfDay = (text: string): number | undefined => {
  const [, year = '', month = '', day = ''] = calendarDay.exec(text) ?? [];
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)));
  if (year < '1000' || date.getUTCMonth() !== Number(month) - 1 || date.getUTCDate() !== Number(day))
    return undefined;
  return date.getTime() + 86_400_000 - 1;
};

const dayText = boundedText(16).superRefine((text, context) => {
  if (endOfDay(text) !== undefined) return;
  context.addIssue({
    code: 'custom',
    message: `${JSON.stringify(text)}: must be a day, such as 2027-01-31`,
  });
});

const packageUrl = visibleText(maxPurlLength).regex(
  /^pkg:[a-z][a-z0-9.+-]{0,31}\/[^?#]{1,512}$/,
  'must be a package URL without qualifiers, such as pkg:deb/debian/glibc or pkg:npm/lodash@4.17.20',
);

const acceptance = z.strictObject({
  id: vulnerabilityId.describe('A CVE, or any other id of the vulnerability.'),
  package: packageUrl
    .exactOptional()
    .describe(
      'A package URL: it is accepted in this package alone, named as itself or as the source that it was built from. With ' +
        '`@version` in this version alone. Absent: wherever it is found.',
    )
    .meta(kept),
  until: dayText.describe('The last day (UTC) on which it is accepted, such as `2027-01-31`.'),
  reason: boundedText(1024).exactOptional().describe('Why, for whoever reads the policy.').meta(kept),
});

/** Refused by what it lacks only after what is not known: a field of a later version is told by its name (R5). */
const holdsOne = (fields: object): boolean => Object.keys(fields).length === 1;

const sbom = z
  .strictObject({
    unsigned: z
      .literal(true)
      .exactOptional()
      .describe('Lists of whoever may push to the repository: what they leave out, nobody sees.')
      .meta(kept),
    authorities: authorityFields.authorities
      .exactOptional()
      .describe(
        'Lists that one of these attested, as with `attestation`. All of their lists count, and what may be one and cannot be ' +
          'looked at refuses the image.',
      )
      .meta(kept),
  })
  .refine(holdsOne, { message: 'names no list, or two: write `unsigned: true` or `authorities`' })
  .superRefine(({ authorities }, context) => {
    const addProblem: AddProblem = (path, message) =>
      context.addIssue({ code: 'custom', path: [...path], message });
    if (authorities !== undefined) refineAuthorities({ threshold: 1, authorities }, addProblem);
  });

const listSource = z
  .strictObject({
    catalog: z
      .strictObject({})
      .exactOptional()
      .describe(
        'What the gate finds itself in the layers of the image. They are read once, in a thread of their own.',
      )
      .meta(kept),
    sbom: sbom
      .exactOptional()
      .describe('Lists in CycloneDX or SPDX JSON that stand beside the image.')
      .meta(kept),
  })
  .refine(holdsOne, { message: 'names no list, or two: write `catalog: {}` or `sbom: { unsigned: true }`' });

const limit = (level: string) =>
  z
    .int()
    .min(0)
    .max(1_000_000)
    .exactOptional()
    .describe(`Most vulnerabilities of the level ${level}.`)
    .meta(kept);

const word = z.enum(['Deny', 'Warn', 'Audit']);

const fields = z.strictObject({
  max: z
    .strictObject({
      critical: limit('critical'),
      high: limit('high'),
      medium: limit('medium'),
      low: limit('low'),
    })
    .refine((levels) => Object.keys(levels).length > 0, {
      message: 'limits nothing: name a level, such as `critical: 0`',
    })
    .exactOptional()
    .describe(
      'How many vulnerabilities each platform of the image may have, by level; a level that is left out has no limit. One CVE ' +
        'counts once, in however many packages it is.',
    )
    .meta(kept),
  unknownSeverity: z
    .enum(severityLevels)
    .default('high')
    .describe('The level as which a vulnerability counts whose severity nobody published.'),
  maxScore: z
    .number()
    .min(0)
    .max(10)
    .exactOptional()
    .describe(
      'The highest CVSS base score that a vulnerability may have. One without a score is not judged by it.',
    )
    .meta(kept),
  onlyFixable: z
    .boolean()
    .default(false)
    .describe('Count for `max` and `maxScore` only what is fixed in a later version of the package.'),
  gracePeriod: durationText({ zero: true })
    .default('0s')
    .describe(
      'Count for `max` and `maxScore` only what was published longer ago. What has no date that can be true has no grace.',
    ),
  knownExploited: z
    .boolean()
    .default(false)
    .describe(
      'Refuse what the feed of known exploited vulnerabilities (KEV) lists, without grace and fixable or not. Without such a ' +
        'feed that is a gap.',
    ),
  deny: z
    .array(vulnerabilityId)
    .max(maxIds)
    .default([])
    .describe('Vulnerabilities that may never be there, by any of their ids; wins over all else.'),
  accept: z
    .array(acceptance)
    .max(maxIds)
    .default([])
    .describe('Vulnerabilities that do not count, each until its day. They are still shown.'),
  evidence: z
    .array(listSource)
    .min(1)
    .max(16)
    .default([{ catalog: {} }])
    .describe(
      'Which package lists count. They add up: none takes a package from another. With `catalog`, an image that the gate has ' +
        'not looked into yet is unscanned, whatever stands beside it.',
    ),
  maxAge: durationText({ zero: false })
    .default('5d')
    .describe('How old the feeds may be that speak for the image.'),
  unscanned: word.describe(
    'What happens to an image of which no list that counts is there. Never more than `mode` of the policy.',
  ),
  gaps: word.describe(
    'What happens to an image with something that nobody could look at. Never more than `mode` of the policy.',
  ),
  allowGaps: z
    .array(z.enum(gapKinds))
    .max(gapKinds.length)
    .default([])
    .describe('Kinds of gaps that do not count.'),
});

/** The check `vulnerabilities`: what is known to be wrong with the packages of the image. */
export const vulnerabilitiesFields = fields
  .superRefine(({ max, maxScore, knownExploited, deny }, context) => {
    if (max !== undefined || maxScore !== undefined || knownExploited || deny.length > 0) return;
    context.addIssue({
      code: 'custom',
      message: 'this check limits nothing: add `max`, `maxScore`, `knownExploited: true` or `deny`',
    });
  })
  .describe(
    'What may be wrong with the packages of the image, by published advisories. Each platform that `multiArch` chooses is ' +
      'judged. A malicious package is always refused. The policy pins as with `signature`.',
  );
