import { isOfConstraint } from '../../core/decision/constraint-findings.ts';
import type { Decision, JudgedImage } from '../../core/decision/decision.ts';
import type { Finding } from '../../core/decision/finding.ts';
import { describeDuration } from '../../core/text/duration.ts';
import { formatObject } from './decision-table.ts';

/** Who found it. */
const findingSource = (finding: Finding): string => {
  const { policy, check } = finding;
  if (isOfConstraint(finding)) return `constraint ${policy}`;
  return `${policy === '' ? 'the gate itself' : `policy ${policy}`}, check ${check}`;
};

/** The title of the template whose constraint it is. */
const titleLines = ({ policy }: Finding, titles: Decision['titles'] = {}): string[] => {
  const [kind = ''] = policy.split('/', 1);
  return Object.hasOwn(titles, kind) ? [`        of   ${titles[kind] ?? ''}`] : [];
};

/** One finding: what, why, what to do. */
export const findingLines = (finding: Finding, titles?: Decision['titles']): string[] => [
  `  ${finding.mode}  ${finding.code}  (${findingSource(finding)})`,
  ...(isOfConstraint(finding) ? titleLines(finding, titles) : []),
  ...(finding.path === undefined ? [] : [`        at   ${finding.path}`]),
  `        what ${finding.message}`,
  ...(finding.detail === undefined ? [] : [`        why  ${finding.detail}`]),
  ...(finding.remedy === undefined ? [] : [`        fix  ${finding.remedy}`]),
];

/**
 * How an image was looked up: each credential in the order tried, what was found, and the age of a cached result that
 * stood in.
 */
export const trailLines = ({ evidence }: JudgedImage): string[] => [
  ...(evidence?.tried ?? []).map((one) => `  tried ${one}`),
  ...(evidence?.claims ?? []).map((one) => `  found ${one}`),
  ...(evidence?.staleFor === undefined
    ? []
    : [
        `  its registry could not be asked: judged by a result that was ${describeDuration(evidence.staleFor)} old`,
      ]),
];

/** What the digest was found to be, where the text does not hold it anyway. */
const digestLines = ({ digest, reference = '' }: JudgedImage): string[] =>
  digest === undefined || reference.endsWith(digest) ? [] : [`  digest ${digest}`];

const imageLines = (image: JudgedImage): string[] => {
  const { path, given, reference } = image;
  const name = reference === undefined ? ' (no valid reference)' : ` = ${reference}`;
  const more = [...digestLines(image), ...trailLines(image)].map((line) => `  ${line}`);
  return [`  ${path}: ${given}${name}`, ...more];
};

/** How often the same was decided, when it was more than once. */
const repeatLines = ({ count, firstTime }: Decision): string[] =>
  count === undefined ? [] : [`the same was decided ${count} times since ${firstTime}; this is the latest`];

/** One decision for a person: object, findings, and the versions that it rests on. */
export const renderDecision = (decision: Decision): string => {
  const verdict = decision.allowed ? 'allowed' : 'denied';
  const by = decision.user === undefined ? '' : `, asked by ${decision.user}`;
  const lines = [
    `decision ${decision.id}`,
    `${verdict}: ${decision.operation ?? decision.source} ${formatObject(decision)} at ${decision.time}${by}${decision.dryRun === true ? ' (dry run)' : ''}`,
    ...repeatLines(decision),
    ...(decision.skipped === undefined
      ? []
      : [`not judged further: ${decision.skipped.message} (${decision.skipped.code})`]),
    '',
    'images',
    ...(decision.images.length === 0 ? ['  none'] : []),
    ...decision.images.flatMap(imageLines),
    '',
    'findings',
    ...(decision.findings.length === 0
      ? ['  none']
      : decision.findings.flatMap((finding) => findingLines(finding, decision.titles))),
    ...(decision.warnings.length === 0
      ? []
      : ['', 'warnings', ...decision.warnings.map((warning) => `  ${warning}`)]),
    '',
    `rests on ${Object.entries(decision.versions)
      .map(([what, version]) => `${what} ${version}`)
      .join(', ')}; took ${decision.durations['total'] ?? 0} ms`,
    ...(decision.truncated === undefined
      ? []
      : [`${decision.truncated} entries were left out to keep the record small`]),
  ];
  return `${lines.join('\n')}\n`;
};
