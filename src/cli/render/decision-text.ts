import type { Decision } from '../../core/decision/decision.ts';
import type { Finding } from '../../core/decision/finding.ts';
import { objectName } from './decision-table.ts';

const findingLines = (finding: Finding): string[] => [
  `  ${finding.mode}  ${finding.code}  (${finding.policy === '' ? 'the gate itself' : `policy ${finding.policy}`}, check ${finding.check})`,
  ...(finding.path === undefined ? [] : [`        at   ${finding.path}`]),
  `        what ${finding.message}`,
  ...(finding.detail === undefined ? [] : [`        why  ${finding.detail}`]),
  ...(finding.remedy === undefined ? [] : [`        fix  ${finding.remedy}`]),
];

/** One decision for a person: what was judged, what was found, what it rests on. */
export const renderDecision = (decision: Decision): string => {
  const verdict = decision.allowed ? 'allowed' : 'denied';
  const by = decision.user === undefined ? '' : `, asked by ${decision.user}`;
  const lines = [
    `decision ${decision.id}`,
    `${verdict}: ${decision.operation ?? decision.source} ${objectName(decision)} at ${decision.time}${by}${decision.dryRun === true ? ' (dry run)' : ''}`,
    ...(decision.skipped === undefined
      ? []
      : [`not judged further: ${decision.skipped.message} (${decision.skipped.code})`]),
    '',
    'images',
    ...(decision.images.length === 0 ? ['  none'] : []),
    ...decision.images.map(
      (image) =>
        `  ${image.path}: ${image.given}${image.reference === undefined ? ' (no valid reference)' : ` = ${image.reference}`}`,
    ),
    '',
    'findings',
    ...(decision.findings.length === 0 ? ['  none'] : decision.findings.flatMap(findingLines)),
    ...(decision.warnings.length === 0
      ? []
      : ['', 'warnings', ...decision.warnings.map((warning) => `  ${warning}`)]),
    '',
    `rests on ${Object.entries(decision.versions)
      .map(([what, version]) => `${what} ${version}`)
      .join(', ')}; took ${decision.durations['total'] ?? 0} ms`,
    ...(decision.truncated === undefined
      ? []
      : [`${decision.truncated} entries were left out to keep the record within 64 KiB`]),
  ];
  return `${lines.join('\n')}\n`;
};
