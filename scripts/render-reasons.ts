import { findingCodes, skipCodes, type FindingCode, type SkipCode } from '../src/core/reasons/reason.ts';
import { reasons } from '../src/core/reasons/reasons.ts';

const section = (code: FindingCode | SkipCode): string => {
  const { title, meaning, fix } = reasons[code];
  return `### \`${code}\`\n\n**${title}.** ${meaning}\n\nWhat to do: ${fix}\n`;
};

/** docs/reasons.md: one heading a code, so that `reasons.md#registry-denied` is a lasting address. */
export const renderReasons = (): string => {
  // `not-judged` is both: a finding with --unknown-kinds deny, else a reason to let through.
  const onlySkips = skipCodes.filter((code) => !(findingCodes as readonly string[]).includes(code));
  return [
    '<!-- Generated from src/core/reasons/reasons.ts by `npm run generate`. Do not edit. -->',
    '',
    '# Reason codes',
    '',
    'Every finding and every request that was let through unjudged carries one of these codes. They never change their',
    'meaning; `imagegate explain CODE` prints the same text.',
    '',
    '## Findings',
    '',
    ...findingCodes.map(section),
    '## Let through without judging every image',
    '',
    'The `skipped` field of a decision carries one of these, or [`not-judged`](#not-judged).',
    '',
    ...onlySkips.map(section),
  ].join('\n');
};
